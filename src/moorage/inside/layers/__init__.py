"""An image's layers without an engine: unpacked into a folder, compared with it, and packed from it."""

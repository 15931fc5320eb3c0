"""Other tools' interfaces on top of moorage: whoever used them can go on as before."""

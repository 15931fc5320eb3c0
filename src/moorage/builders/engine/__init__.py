"""The engine builder: BuildKit through buildx, or the engine's classic builder."""

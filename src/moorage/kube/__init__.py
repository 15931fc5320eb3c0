"""The client of a Kubernetes API server: access, credentials, objects, watches, and streams into pods."""

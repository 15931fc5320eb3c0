"""Images and registries. Reference parsing is light; `moorage.oci.client` talks to the network.

Nothing is imported here: the warm path reads references and must not pay for the client.
"""

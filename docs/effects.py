"""What the reference pages say where code has no words of its own: meanings of options and properties."""

CLASSES = {
    "MoorageError": "a defect of moorage",
    "UsageError": "the command line",
    "ConfigurationError": "devcontainer.json, Dockerfile, or what they name",
    "SourceError": "the folder, the repository, or its credentials",
    "EngineError": "the engine",
    "ImageError": "pull, build, registry",
    "HookError": "a lifecycle command",
    "DeadlineError": "a limit in time",
    "RefusedError": "consent is missing, or moorage will not do it",
}

OPTIONS = {
    "path": "Which engine: a command-line client (docker, podman) is asked for its endpoint; then moorage "
    "talks to that endpoint itself. Podman without a socket is served one for the time of the command. "
    "Without it: `DOCKER_HOST`, `DOCKER_CONTEXT`, `CONTAINER_HOST`, the current context, the usual sockets, "
    "`podman`.",
    "install": "Install Docker where no engine is found (Debian, Ubuntu, Fedora and their like), and say "
    "what was done.",
    "containerInactivityTimeout": "Stop the container when nobody has used it for so long. Recorded, and not "
    "enforced yet: see [limits](../limits.md).",
    "gitImage": "The image that clones a repository into a volume: it needs `git` and `sh`.",
}

ENVIRONMENT = {
    "DOCKER_HOST": "The engine's address (`unix://`, `tcp://`, `ssh://` as docker takes it).",
    "DOCKER_CONTEXT": "The docker context that names the engine.",
    "CONTAINER_HOST": "Podman's address, where no variable of docker's names an engine.",
    "CONTAINER_SSHKEY": "The key file for a `CONTAINER_HOST` behind ssh.",
    "DOCKER_CONFIG": "The folder of docker's `config.json`: contexts, registry logins, credential helpers.",
    "DOCKER_TLS_VERIFY": "Use TLS for `tcp://` and check the engine's certificate.",
    "DOCKER_CERT_PATH": "The folder of `ca.pem`, `cert.pem` and `key.pem`.",
    "DOCKER_AUTH_CONFIG": "Registry logins as JSON, before those of files.",
    "REGISTRY_AUTH_FILE": "A file of registry logins, before docker's own.",
    "DEVCONTAINERS_OCI_AUTH": "Registry logins as `registry|user|password`, separated by commas.",
    "GITHUB_TOKEN": "The login for `ghcr.io` where no other is known.",
    "BUILDX_BUILDER": "Another builder than the engine's own.",
    "MOORAGE_CONFIG": "Another place for config.toml.",
    "MOORAGE_CACHE": "The folder of caches, instead of `$XDG_CACHE_HOME/moorage`; it may be deleted.",
}

_HOOK = "Runs once in a container, as the remote user; retried by the next `up` if it failed."
_CARRIED = "Kept in the container's `devcontainer.metadata` label for tools; moorage does nothing with it."

PROPERTIES = {
    "$schema": "Ignored.",
    "name": "For people; the workspace's name comes from the source or `--name`.",
    "features": "Installed on top of the image, see [Features](../guides/features.md).",
    "overrideFeatureInstallOrder": "Goes before the order that Features ask for themselves.",
    "secrets": "Recommendations for people; values come from `--secrets-file`.",
    "initializeCommand": "Runs on this machine at every `up`, in the project's folder; for a cloned "
    "repository only with `--allow-host-commands`.",
    "image": "Pulled if the engine does not have it. Its `devcontainer.metadata` label is merged.",
    "build": "See below. With it, `image` has no effect.",
    "appPort": "Published at start: a number on 127.0.0.1 only, a text as `docker run -p` takes it.",
    "runArgs": "Read as `docker run` options and given to the engine's API; an option that moorage does not "
    "know, or that would break the workspace, is refused by name.",
    "workspaceMount": "Where the project's files are mounted; empty for none.",
    "workspaceFolder": "The folder that hooks, `exec` and `shell` start in. "
    "`/workspaces/<name of the repository>` by default.",
    "dockerComposeFile": "One or several files, see [Compose](../guides/compose.md). "
    "`[]`: what Compose finds.",
    "service": "The service whose container the workspace is.",
    "runServices": "The services that are started with it. Default: all of the project.",
    "init": "An init process of the engine is process 1.",
    "privileged": "As `docker run --privileged`.",
    "capAdd": "As `docker run --cap-add`.",
    "securityOpt": "As `docker run --security-opt`; profile files are read from this machine.",
    "mounts": "Text or object; of two with one target the later wins.",
    "onCreateCommand": _HOOK,
    "updateContentCommand": _HOOK,
    "postCreateCommand": _HOOK,
    "postStartCommand": "Runs after every start of the container.",
    "postAttachCommand": "Runs at every `up`.",
    "waitFor": "`up` returns after this hook and the rest goes on inside; without it `up` returns after all.",
    "containerUser": "The user of the container's own processes. Default: the image's.",
    "remoteUser": "The user of hooks, `exec` and `shell`. Default: `containerUser`.",
    "userEnvProbe": "How the remote user's shell is asked for its environment, once for each container.",
    "containerEnv": "Set in the container, for every process.",
    "remoteEnv": "Set for hooks, `exec` and `shell`. `null` unsets; the command line wins.",
    "overrideCommand": "Unless false, the container waits instead of running the image's command.",
    "updateRemoteUserUID": "For a local folder: gives the remote user the ids of the user outside, in the "
    "container itself. No image is made. Skipped where they are equal or taken.",
    "portsAttributes": "Labels for `forward`; the rest is kept for tools.",
    "otherPortsAttributes": _CARRIED,
    "forwardPorts": "What `moorage forward` opens on this machine.",
    "shutdownAction": _CARRIED,
    "hostRequirements": "Compared with the engine's machine; a shortfall is a warning. `gpu` asks for a GPU.",
    "customizations": _CARRIED,
}

BUILD = {
    "dockerfile": "Relative to devcontainer.json.",
    "context": "Relative to devcontainer.json. Default: the Dockerfile's folder. Only the files that the "
    "target reads decide about a new build.",
    "args": "Handed over in the builder's environment, never in its arguments.",
    "target": "The stage to build.",
    "cacheFrom": "Given to the builder.",
    "options": "Given to `docker buildx build`; without buildx refused.",
}

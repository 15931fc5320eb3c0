"""What each option means, for the reference page; `options.OPTIONS` says what each takes."""

from __future__ import annotations

MEANINGS: dict[str, str] = {
    "path": (
        "A kubectl, or what takes its place: the connection goes through it, so its logins work. Without "
        "it moorage speaks to the API server itself."
    ),
    "namespace": "Where all objects of the workspaces are. Empty: the context's namespace, else `default`.",
    "context": "The context of the kubeconfig. Empty: the current one.",
    "config": (
        "The kubeconfig. Empty: `KUBECONFIG`, else `~/.kube/config`, else the account of the pod that "
        "moorage itself runs in."
    ),
    "clusterRole": (
        "A ClusterRole that the workspace has in its namespace, by an account of its own or by "
        "`serviceAccount`. The binding goes with the workspace."
    ),
    "serviceAccount": (
        "The ServiceAccount of the pod, which has to be there. Without it and `clusterRole` the pod has "
        "no token."
    ),
    "buildRepository": (
        "Where built images are looked for and pushed to. Empty: nothing is built for the cluster."
    ),
    "insecureBuildRepository": (
        "Speak to the registry of `buildRepository` without HTTPS. The nodes have to know it by themselves."
    ),
    "helperImage": "A small image, used only where the nodes' architecture cannot be known otherwise.",
    "buildkitImage": (
        "The image of BuildKit that builds in the cluster; one with `rootless` in its tag runs as a user. "
        "Default `docker.io/moby/buildkit:buildx-stable-1`, in a user namespace."
    ),
    "buildkitPrivileged": (
        "Run BuildKit in a privileged pod, where the cluster cannot give it users of its own."
    ),
    "persistentVolumeSize": (
        "The size of the claim for the project's files. A larger one makes the claim grow."
    ),
    "createNamespace": "Create the namespace where it is not there. It stays when workspaces go.",
    "containerInactivityTimeout": "Stop the workspace when nobody has used it for so long.",
    "useKubeconfig": (
        "true: only a kubeconfig. false: only the account of the pod that moorage itself runs in. Without "
        "it: a kubeconfig if there is one, else that account."
    ),
    "host": "The API server's address, instead of a kubeconfig.",
    "certificateAuthority": "The certificates that the API server's is checked against.",
    "tokenFile": "A file with the token to show, read anew when it changes.",
    "clientCertificate": "The certificate to show.",
    "clientKey": "The key of `clientCertificate`.",
    "storageClass": "What claims are made of. Empty: the cluster's default.",
    "accessMode": "How many nodes or pods may have the claims at once.",
    "claimAnnotations": "Annotations of the claims, for what provides their storage.",
    "homeVolume": "Keep the remote user's home folder on a claim, filled with what the image has there.",
    "homeVolumeSize": "The size of that claim. Empty: `persistentVolumeSize`.",
    "volumeSize": "The size of claims for volumes of `mounts`. Empty: `persistentVolumeSize`.",
    "bindMounts": (
        "What to do with mounts of this machine's paths: `refuse` them, `skip` them with a warning, or "
        "take the path of the `node`."
    ),
    "resources": (
        "What the container requests and is limited to. It goes before `hostRequirements` and `runArgs`."
    ),
    "gpuResource": "What a GPU is called by the cluster's device plugin.",
    "nodeSelector": "Labels that the pod's node must have.",
    "tolerations": "Taints that the pod's node may have.",
    "labels": "Labels of all objects.",
    "annotations": "Annotations of all objects and of the pod.",
    "imagePullSecrets": "Secrets of the namespace with logins for registries.",
    "registryLogin": (
        "Make such a Secret from your own login for the image's registry; it goes with the workspace."
    ),
    "podSecurity": (
        "What pod security allows here. Empty: as the namespace's labels say, where they may be read."
    ),
    "securityContext": "Merged over the container's securityContext.",
    "hostUsers": "`false` gives the pod users of its own, so that its root is nobody on the node.",
    "runtimeClass": "The RuntimeClass of the pod.",
    "priorityClass": "The PriorityClass of the pod.",
    "podTemplate": (
        "A pod that is merged over the workspace's (strategic merge): sidecars, affinity, anything. The "
        "workspace's own container is called `devcontainer`."
    ),
    "architecture": "The architecture of the pod's node, and of the image.",
    "gitImage": "The image that clones a repository, in a container that runs before the workspace.",
    "builder": "What makes images: `engine` on this machine, `cluster` for BuildKit in the cluster, `none`.",
    "buildkitNamespace": "The namespace of builders, where pod security of the workspaces' own forbids them.",
    "buildkitCacheSize": "The size of the claim on which a builder keeps what it has made. Default 20Gi.",
    "buildkitAddress": "A BuildKit that is there already: `tcp://HOST:PORT` as pods reach it, or `kube-pod://POD`.",
    "podTimeout": "How long a start may take in all.",
    "schedulingTimeout": "How long no node may take the pod, unless an autoscaler is at work for it.",
}

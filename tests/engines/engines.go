//go:build engines

// Package engines names the commands that scripts/engines builds, so that go.mod
// and go.sum pin every module they need.
package engines

import (
	_ "github.com/containerd/containerd/v2/cmd/containerd"
	_ "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2"
	_ "github.com/moby/buildkit/frontend/dockerfile/cmd/dockerfile-frontend"
	_ "github.com/moby/moby/v2/cmd/docker-proxy"
	_ "github.com/moby/moby/v2/cmd/dockerd"
	_ "github.com/opencontainers/runc"
)

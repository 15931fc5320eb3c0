//go:build cluster

// Package buildkit names the commands that scripts/cluster builds. Its module keeps the versions of
// tests/engines, so that what both need is compiled once.
package buildkit

import (
	_ "github.com/moby/buildkit/cmd/buildctl"
	_ "github.com/moby/buildkit/cmd/buildkitd"
	_ "github.com/rootless-containers/rootlesskit/v3/cmd/rootlesskit"
)

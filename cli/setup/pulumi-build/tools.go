//go:build tools

// Package tools names the program to build, so that go.mod pins it and all that it is made of.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"

#!/bin/sh
# Builds init: sh guest/init/build.sh [OUTPUT]. The result is committed, so that users need no compiler; with the
# compiler named in init.built-with it comes out the same to the byte, which a test checks.
set -eu
folder=$(dirname "$0")
output=${1:-$folder/init}
cd "$folder"
case $output in /*) ;; *) output=$OLDPWD/$output ;; esac
gcc -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Os -march=x86-64 -ffreestanding -fno-pic -no-pie -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fcf-protection=none -fno-ident -fno-tree-loop-distribute-patterns \
	-static -nostdlib -Wl,--build-id=none -Wl,-z,norelro -Wl,-z,noseparate-code -s \
	-o "$output" main.c modules.c ports.c protocol.c program.c root.c spec.c streams.c collect.c system.c

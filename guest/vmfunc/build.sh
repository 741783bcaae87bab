#!/bin/sh
# Builds the program: sh guest/vmfunc/build.sh [OUTPUT]. The result is committed; with the compiler that
# guest/init/init.built-with names it comes out the same to the byte, which a test checks.
set -eu
folder=$(dirname "$0")
gcc -std=gnu11 -Wall -Wextra -Os -march=x86-64 -ffreestanding -fno-pic -no-pie -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fcf-protection=none -fno-ident -fno-tree-loop-distribute-patterns \
	-static -nostdlib -Wl,--build-id=none -Wl,-z,norelro -Wl,-z,noseparate-code \
	-o "${1:-$folder/program}" "$folder/program.c"

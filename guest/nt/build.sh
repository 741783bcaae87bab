#!/bin/sh
# Builds the kernel: sh guest/nt/build.sh [OUTPUT]. The result is committed; a test checks that it is what the source gives.
set -eu
folder=$(dirname "$0")
nasm -f bin -o "${1:-$folder/kernel}" "$folder/kernel.asm"

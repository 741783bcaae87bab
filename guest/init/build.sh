#!/bin/sh
# Builds init: sh guest/init/build.sh [OUTPUT]; for i386 kernels OUTPUT32, which needs gcc-multilib. The results are committed,
# so that users need no compiler; with the compiler named in init.built-with they come out the same to the byte, which a
# test checks.
set -eu
folder=$(dirname "$0")
output=${1:-$folder/init}
cd "$folder"
case $output in /*) ;; *) output=$OLDPWD/$output ;; esac
sources='main.c modules.c ports.c protocol.c program.c root.c spec.c streams.c collect.c system.c'
build() { # OUTPUT OPTION... [-lLIBRARY]
	target=$1 library=$2
	shift 2
	gcc -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Os "$@" -ffreestanding -fno-pic -no-pie -fno-stack-protector \
		-fno-asynchronous-unwind-tables -fcf-protection=none -fno-ident -fno-tree-loop-distribute-patterns \
		-static -nostdlib -Wl,--build-id=none -Wl,-z,norelro -Wl,-z,noseparate-code -s \
		-o "$target" $sources $library
}
build "$output" '' -march=x86-64
build "${output}32" -lgcc -m32 -march=i686 -mno-sse

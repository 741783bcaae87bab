#!/bin/sh
# Records the samples anew: sh traces/make.sh, after npm run build.
set -e
cd "$(dirname "$0")/.."
folder=/tmp/sample
mkdir "$folder"
gcc -m64 -O1 -static -nostdlib -fno-stack-protector -ffreestanding -fno-pic -no-pie -o "$folder/suspect" traces/suspect.c
record() { # options...
	(cd "$folder" && ${NODE:-node} "$OLDPWD/bin/trapline.js" record -q --rootfs none --env PATH=/bin --seed sample --clock 1700000000 "$@" -- ./suspect) || true
}
for name in suspect unpack; do rm -f "traces/$name.trap"; done
record -o "$folder/suspect.trap"
target=$(nm /tmp/sample/suspect | sed -n 's/^0*\(.*\) D target$/\1/p')
record --watch "virt:0x$target+14" -o "$folder/unpack.trap"
mv "$folder/suspect.trap" "$folder/unpack.trap" traces
rm -r "$folder"

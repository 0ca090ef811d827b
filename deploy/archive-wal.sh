#!/usr/bin/env bash
# PostgreSQL's archive_command: archive_command = '/path/archive-wal.sh "%p" "%f" /archive'
# A segment is there whole or not at all, and one that is there is never replaced by another.
set -euo pipefail
path=$1 file=$2 archive=$3

if [ -e "$archive/$file" ]; then
    cmp -s "$path" "$archive/$file"
    exit
fi
umask 077
cp "$path" "$archive/.$file.part"
sync "$archive/.$file.part"
mv "$archive/.$file.part" "$archive/$file"
sync "$archive"

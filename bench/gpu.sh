#!/bin/sh
# Everything that wants a GPU, within eight minutes, from the root of the repository:
#     bench/gpu.sh [DETECTOR] [FOLDER]
# DETECTOR: a known name or a path, "bundled" by default. FOLDER: where tables are written.
# What fails or takes too long is said and passed over; nothing is printed that was not measured.
set -u
detector=${1:-bundled}
out=${2:-bench/out/gpu}
python=${PYTHON:-python}
mkdir -p "$out"

step() {  # SECONDS NAME COMMAND...: run it, keep what it prints
    limit=$1 name=$2
    shift 2
    echo "== $name"
    timeout "$limit" "$@" >"$out/$name.txt" 2>"$out/$name.err"
    code=$?
    cat "$out/$name.txt"
    [ "$code" -eq 0 ] || { echo "$name: ended with $code"; tail -n 3 "$out/$name.err"; }
    return "$code"
}

"$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' || {
    echo "there is no GPU here, or this torch cannot use it: nothing measured" >&2
    exit 2
}
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | tee "$out/device.txt"
failed=0
step 60 tests "$python" -m pytest -q -n 0 -m gpu tests || failed=1
step 250 table "$python" -m bench.gpu sample_videos/*_clean.mp4 sample_videos/*_swap*.mp4 \
    --detector "$detector" --seconds 100 || failed=1
step 150 rows "$python" -m bench.speed --detector "$detector" --device cuda:0 --runs 2 \
    --only castcheck,Ultralytics --skip sizes,workers,start,busy,resolutions --out "$out" || failed=1
exit "$failed"

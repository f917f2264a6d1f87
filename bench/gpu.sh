#!/bin/sh
# Everything that wants a GPU, within eight minutes, from the root of the repository:
#     bench/gpu.sh [DETECTOR] [FOLDER] [rehearse]
# DETECTOR: a known name or a path, "bundled" by default; a .pt is also run by the trackers it is
# compared with. FOLDER: where report.md is written. What fails or takes too long is said and passed
# over; nothing is printed that was not measured. "rehearse" goes the same way with torch's CPU in the
# place of the GPU, over half a second of one clip, to see that all of it runs.
set -u
detector=${1:-bundled}
out=${2:-bench/out/gpu}
rehearse=${3:-}
python=${PYTHON:-python}
mkdir -p "$out"
report="$out/report.md"
failed=0

step() {  # SECONDS NAME COMMAND...: run it, keep what it prints
    limit=$1 name=$2
    shift 2
    echo "== $name" >&2
    timeout "$limit" "$@" >"$out/$name.txt" 2>"$out/$name.err"
    code=$?
    [ "$code" -eq 0 ] && return 0
    failed=1
    { echo "$name: ended with $code after at most $limit s"; tail -n 3 "$out/$name.err"; } >&2
    printf '\n%s ended with %s: what follows of it is not all.\n' "$name" "$code" >>"$report"
}

if [ "$rehearse" ]; then
    device=cpu
    clip="$out/half-second.mp4"
    ffmpeg -v error -y -i sample_videos/street_clean.mp4 -frames:v 12 -an "$clip" || exit 2
    set -- "$clip" --rehearse --seconds 0
    limits="900 3000 3000 3000"
    heights=360
    echo "Rehearsal: torch's CPU stands in for the GPU. No figure here is one of a GPU." >"$report"
else
    "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' || {
        echo "there is no GPU here, or this torch cannot use it: nothing measured" >&2
        exit 2
    }
    device=cuda:0
    set -- sample_videos/*_clean.mp4 sample_videos/*_swap*.mp4 --seconds 90
    limits="60 210 90 90"  # 450 s in all, and the rest for what lies between
    heights="360 720 1080 2160"
    nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader >"$report"
fi
case $detector in
    *.pt) rows=castcheck,Ultralytics,deep-sort,BoxMOT ;;
    *) rows=castcheck ;;
esac
limit() { echo "$limits" | cut -d ' ' -f "$1"; }

rm -f "$out/table.md"
step "$(limit 1)" tests "$python" -m pytest -q -n 0 tests/tracker/test_on_gpu.py
step "$(limit 2)" table "$python" -m bench.gpu "$@" --detector "$detector" --out "$out/table.md"
[ -f "$out/table.md" ] && { echo; cat "$out/table.md"; } >>"$report"
step "$(limit 3)" rows "$python" -m bench.speed --detector "$detector" --device "$device" --runs 2 \
    --only "$rows" --skip sizes,workers,start,busy,resolutions --out "$out/rows"
{ echo; cat "$out/rows.txt"; } >>"$report"
# shellcheck disable=SC2086 # several numbers
step "$(limit 4)" resolutions "$python" -m bench.speed --detector "$detector" --device "$device" \
    --heights $heights --skip rows,sizes,workers,start,busy --out "$out/resolutions"
{ echo; cat "$out/resolutions.txt"; } >>"$report"
cat "$report"
exit "$failed"

#!/bin/sh
# Records range.json.gz: two volumes, ten hours from the year 2000 (when the clock of testing/synctest starts), a sample a minute, asked of a real Prometheus. Needs prometheus, promtool, python3, curl.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -r "$work"' EXIT
python3 - > "$work/samples.txt" <<'PY'
import math, random
random.seed(7)
begin, rows = 946684800, {"volume_iops": [], "volume_latency_seconds": [], "volume_queue_depth": []}
for i in range(600):
    for disk in ("sda", "sdb"):
        iops = 900 + 300*math.sin(2*math.pi*i/240) + 30*random.gauss(0, 1)
        latency = 0.001*math.exp(0.1*random.gauss(0, 1))
        if disk == "sda" and i % 200 > 185:
            iops, latency = 1500, 0.03*math.exp(0.1*random.gauss(0, 1))
        if disk == "sdb" and 300 <= i < 330:
            continue
        for name, x in zip(rows, (iops, latency, iops*latency)):
            rows[name].append('%s{instance="vm-1:9100",device="%s"} %.6g %d' % (name, disk, x, begin + 60*i))
for name, lines in rows.items():
    print("# TYPE %s gauge" % name)
    print("\n".join(sorted(lines, key=lambda line: line.split("}")[0])))  # series after series, each in order of time
print("# EOF")
PY
promtool tsdb create-blocks-from openmetrics "$work/samples.txt" "$work/data" > /dev/null
printf 'global: {}\n' > "$work/prometheus.yml"
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" --storage.tsdb.retention.time=100y --web.listen-address=127.0.0.1:19090 2> "$work/log" &
server=$!
until curl -sf http://127.0.0.1:19090/-/ready > /dev/null; do sleep 0.2; done
for name in iops latency_seconds queue_depth; do
    curl -sf http://127.0.0.1:19090/api/v1/query_range --data-urlencode "query=label_replace(last_over_time(volume_$name[30s]), \"__name__\", \"$name\", \"\", \"\")" \
        -d start=946684800 -d end=946720740 -d step=60
    echo
done | gzip -9n > "$here/range.json.gz"

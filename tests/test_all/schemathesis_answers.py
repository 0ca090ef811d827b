"""Prints how many calls of each route the gateway answered well, and fails where too few routes were."""

import collections
import re
import sys
import urllib.request

text = urllib.request.urlopen(sys.argv[1] + "/metrics", timeout=10).read().decode()
well = collections.Counter()
total = collections.Counter()
for line in text.splitlines():
    count = re.match(r"http_server_request_duration_seconds_count\{(.*)\} (\d+)", line)
    if count:
        label = dict(re.findall(r'(\w+)="([^"]*)"', count[1]))
        total[label["status"][0]] += int(count[2])
        if label["status"].startswith("2"):
            well[label["method"] + " " + label["route"]] += int(count[2])
print("answers:", ", ".join(f"{status}xx {total[status]}" for status in sorted(total)))
print("routes answered well:", len(well))
# Days that do not tie out, and what needs a moment that does not come, are not closed or retired here.
sys.exit(0 if len(well) >= 28 and total["5"] == 0 else 1)

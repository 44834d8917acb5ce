"""Watch registry traffic: `mitmdump -s addons/registry_trace.py`. Wiring only: `Mirror`, `Watch`, `OtlpLive`."""

import sys
from pathlib import Path

try:
    import pullscope  # noqa: F401 - is it installed?
except ImportError:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from pullscope.mitm.mirror import Mirror
from pullscope.mitm.otlp_live import OtlpLive
from pullscope.mitm.watch import Watch
from pullscope.render.exports.otlp import traces_data
from pullscope.render.formats import report
from pullscope.render.labels import label
from pullscope.render.views import make_view

collector = OtlpLive(traces_data)
watch = Watch(make_view=make_view, labels=label, report=report, listeners=[collector.show], patient=True)
addons = [Mirror(), watch, collector]

"""What is counted for `/metrics` (Prometheus); labels are names of parts, never of people."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RECEIVED = Counter("civicline_messages_received_total", "Messages kept, by channel and whether they were new", ["channel", "new"])
SENT = Counter("civicline_messages_sent_total", "Outgoing messages, by channel and how they ended", ["channel", "status"])
TURNS = Histogram(
    "civicline_turn_seconds",
    "From taking up a message to its answer being written down",
    buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 90),
)
HELD = Gauge("civicline_conversations", "Conversations by holder", ["holder"])
BROKEN = Counter("civicline_workflows_broken_total", "Durable workflows that ran out of attempts: look at the log")

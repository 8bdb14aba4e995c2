"""How citizens reach the city: CHANNELS is the one list."""

from __future__ import annotations

from bot.ports import Channel
from channels.sms import Sms
from channels.webchat import WebChat

CHANNELS: tuple[type[Channel], ...] = (Sms, WebChat)

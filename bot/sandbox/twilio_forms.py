"""How Twilio writes things down: its message resource, its webhooks' fields and its refusals, from plain values."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from aiohttp import web

API = "/2010-04-01/Accounts/{sid}/Messages.json"


@dataclass
class Text:
    """One text message, in either direction; `status` is Twilio's word and moves on."""

    sid: str
    sender: str
    to: str
    body: str
    direction: str
    status: str
    made: datetime


def new_sid() -> str:
    """Return an id as Twilio makes them."""
    return "SM" + secrets.token_hex(16)


def webhook(account: str, text: Text) -> dict[str, str]:
    """Return the fields by which a citizen's message is announced.

    Source: https://www.twilio.com/docs/messaging/guides/webhook-request
    """
    return {
        "ToCountry": "US",
        "SmsMessageSid": text.sid,
        "NumMedia": "0",
        "FromCountry": "US",
        "SmsSid": text.sid,
        "SmsStatus": "received",
        "Body": text.body,
        "To": text.to,
        "NumSegments": "1",
        "MessageSid": text.sid,
        "AccountSid": account,
        "From": text.sender,
        "ApiVersion": "2010-04-01",
    }


def receipt(account: str, text: Text) -> dict[str, str]:
    """Return the fields by which it is told how far a message has come.

    Source: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
    """
    return {
        "SmsSid": text.sid,
        "SmsStatus": text.status,
        "MessageStatus": text.status,
        "To": text.to,
        "MessageSid": text.sid,
        "AccountSid": account,
        "From": text.sender,
        "ApiVersion": "2010-04-01",
    }


def resource(account: str, text: Text) -> dict[str, Any]:
    """Return a message as the REST API shows it.

    Source: https://www.twilio.com/docs/messaging/api/message-resource
    """
    uri = f"/2010-04-01/Accounts/{account}/Messages/{text.sid}"
    made = format_datetime(text.made)
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": text.body,
        "date_created": made,
        "date_sent": None if text.status == "queued" else made,
        "date_updated": made,
        "direction": text.direction,
        "error_code": None,
        "error_message": None,
        "from": text.sender,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": text.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": text.to,
        "uri": f"{uri}.json",
    }


def listing(account: str, texts: Sequence[Text]) -> dict[str, Any]:
    """Return messages as the only page of a list."""
    uri = API.format(sid=account)
    return {
        "messages": [resource(account, text) for text in texts],
        "uri": uri,
        "first_page_uri": f"{uri}?Page=0",
        "previous_page_uri": None,
        "next_page_uri": None,
        "page": 0,
        "page_size": len(texts),
        "start": 0,
        "end": max(len(texts) - 1, 0),
    }


def problem(form: Mapping[str, str]) -> tuple[int, str] | None:
    """Return the code and the sentence with which Twilio refuses a message to send, None if it takes it.

    Source: https://www.twilio.com/docs/api/errors
    """
    if not form.get("To"):
        return 21604, "A 'To' phone number is required."
    if not form["To"].removeprefix("+").isdecimal():
        return 21211, "Invalid 'To' Phone Number."
    if not form.get("From"):
        return 21603, "A 'From' phone number is required."
    if not form.get("Body"):
        return 21602, "Message body is required."
    if len(form["Body"]) > 1600:
        return 21617, "The message body exceeds the 1600 character limit."
    return None


def refusal(status: int, code: int, message: str) -> web.Response:
    """Return the answer to a request that is not granted."""
    answer = {"code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}
    return web.json_response(answer, status=status)

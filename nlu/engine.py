"""The dialogue engine: Rasa's Agent behind `POST /turn`, a pure function of state and message.

The engine keeps nothing between two requests. What a conversation needs (its slots, its active
form, its last turns) travels with the request and goes back with the answer, cut to a bound
(`memory.py`), so that the 400th message costs what the first did.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import logging
import os
import sys
import time
from typing import Any

os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
logging.captureWarnings(True)
logging.getLogger("py.warnings").setLevel(logging.ERROR)  # of TensorFlow and Rasa about themselves, at each start

import structlog  # noqa: E402
from action_server import ActionServer, ActionsFailed, ActionsUnreachable  # noqa: E402
from aiohttp import web  # noqa: E402  (the lines above must come before Rasa's imports)
from memory import NotATurn, recall, remember  # noqa: E402
from rasa.core.agent import Agent  # noqa: E402
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage  # noqa: E402
from rasa.shared.core.events import SlotSet  # noqa: E402
from rasa.shared.core.trackers import DialogueStateTracker  # noqa: E402
from wording import choices_of, plain  # noqa: E402

log = logging.getLogger("engine")
LARGEST_REQUEST = 1024 * 1024  # bytes; a state is some 12 kB
TOLD = ("language", "city", "emergency")  # what the gateway knows and answers are worded with
TEXT_LIMIT = 2000  # characters that Rasa is asked to read


class NoAnswer(Exception):
    """The dialogue ended without a word: a fault of ours, never silence to the citizen."""


class Answers(CollectingOutputChannel):
    """Collects what Rasa says, under the name of the citizen's channel (it picks the response variation)."""

    def __init__(self, channel: str) -> None:
        super().__init__()
        self._channel = channel

    def name(self) -> str:  # type: ignore[override]  # Rasa: a class method; ours differs by request
        return self._channel


class Dialogue:
    """One loaded model, asked for one turn at a time."""

    def __init__(self, model: str, actions: ActionServer) -> None:
        self._actions = actions
        self._agent = Agent.load(model, action_endpoint=actions)
        if not self._agent.is_ready() or self._agent.processor is None:
            raise FileNotFoundError(f"no usable model at {model}; run: civicline train")
        self._processor = self._agent.processor
        self._domain = self._processor.domain

    async def turn(self, conversation: str, state: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
        """Answer one message. Raises NotATurn, ActionsUnreachable, ActionsFailed, NoAnswer."""
        metadata = message.get("metadata") or {}
        tracker = DialogueStateTracker.from_events(conversation, recall(state), self._domain.slots, domain=self._domain)
        for slot in TOLD:
            if metadata.get(slot) and slot in tracker.slots and tracker.get_slot(slot) != metadata[slot]:
                tracker.update(SlotSet(slot, metadata[slot]), self._domain)
        answers = Answers(str(metadata.get("channel") or "text"))
        user = self._user_message(conversation, message, metadata, answers)

        with self._actions.one_turn() as faults:
            await self._processor._handle_message_with_tracker(user, tracker)
            tracker = await self._processor.run_action_extract_slots(answers, tracker)
            await self._processor._run_prediction_loop(answers, tracker)
        if faults:
            raise faults[0]

        replies = [reply for reply in map(_reply, answers.messages) if reply]
        if not replies:
            raise NoAnswer
        return {"replies": replies, "state": remember(tracker)}

    def _user_message(
        self, conversation: str, message: dict[str, Any], metadata: dict[str, Any], answers: Answers
    ) -> UserMessage:
        text = plain(str(message.get("text") or ""))[:TEXT_LIMIT]
        parsed = None
        if message.get("intent"):
            if message["intent"] not in self._domain.intents:
                raise NotATurn("message.intent is none of this model's")
            entities = [{"entity": name, "value": value} for name, value in (message.get("entities") or {}).items()]
            parsed = {"text": text, "intent": {"name": message["intent"], "confidence": 1.0}, "entities": entities}
        return UserMessage(
            text,
            answers,
            conversation,
            input_channel=answers.name(),
            message_id=metadata.get("message_id"),
            metadata=metadata,
            parse_data=parsed,
        )


def _reply(sent: dict[str, Any]) -> dict[str, Any] | None:
    reply = {
        "text": sent.get("text") or "",
        "choices": choices_of(sent.get("buttons") or []),
        "custom": sent.get("custom"),
    }
    return reply if reply["text"] or reply["custom"] else None


def _app(dialogue: Dialogue, token: str, actions: ActionServer) -> web.Application:
    async def turn(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(errors="surrogateescape"), f"Bearer {token}".encode()):
            return _error(401, "unauthorised")
        try:
            conversation, state, message = _asked(await request.json())
        except (NotATurn, ValueError) as error:  # no JSON is a ValueError
            return _error(400, "bad_request", str(error))
        began = time.perf_counter()
        try:
            answer = await dialogue.turn(conversation, state, message)
        except NotATurn as error:
            return _error(400, "bad_request", str(error))
        except ActionsUnreachable:
            return _error(503, "actions_unreachable")
        except ActionsFailed:
            return _error(502, "actions_failed")
        except NoAnswer:
            return _error(502, "no_answer")
        log.info("turn conversation=%s ms=%.0f", conversation, 1000 * (time.perf_counter() - began))
        return web.json_response(answer)

    async def health(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "model": dialogue._agent.model_name})

    async def let_go(_app: web.Application) -> None:
        await actions.close()

    app = web.Application(client_max_size=LARGEST_REQUEST)
    app.add_routes([web.post("/turn", turn), web.get("/health", health)])
    app.on_cleanup.append(let_go)
    return app


def _asked(body: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return conversation, state and message of a request. Raises NotATurn, which says what is wrong."""
    shape = {"conversation": str, "state": dict, "message": dict}
    if not isinstance(body, dict):
        raise NotATurn("the request must be an object")
    asked = {"state": {}, **body}
    for name, kind in shape.items():
        if not isinstance(asked.get(name), kind):
            raise NotATurn(f"{name} must be {'text' if kind is str else 'an object'}")
    message = asked["message"]
    if not isinstance(message.get("metadata", {}), dict) or not isinstance(message.get("entities") or {}, dict):
        raise NotATurn("message.metadata and message.entities must be objects")
    if not message.get("text") and not message.get("intent"):
        raise NotATurn("message.text or message.intent must be there")
    return asked["conversation"], asked["state"], message


def _error(status: int, code: str, detail: str = "") -> web.Response:
    return web.json_response({"error": code, "detail": detail}, status=status)


def _log_without_words() -> None:
    """Log our own lines, and Rasa's warnings by their name only: as it comes it prints citizens' texts."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=sys.stdout)
    log.setLevel(logging.INFO)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        processors=[
            structlog.stdlib.add_log_level,
            lambda _logger, _method, event: {key: event[key] for key in ("level", "event")},
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ],
    )


def main() -> int:
    """Load the model named on the command line and serve it until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="a trained model (.tar.gz)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    _log_without_words()
    token = os.environ.get("CIVICLINE_ENGINE_TOKEN", "")
    if not token:
        print("civicline engine: CIVICLINE_ENGINE_TOKEN is not set; the gateway must know the same one", file=sys.stderr)
        return 2
    if not os.path.isfile(options.model):
        print(f"civicline engine: there is no model at {options.model}; run: civicline train", file=sys.stderr)
        return 2

    async def serve() -> web.Application:
        actions = ActionServer(os.environ.get("CIVICLINE_ACTIONS_URL", ""), os.environ.get("CIVICLINE_ACTIONS_TOKEN", ""))
        return _app(Dialogue(options.model, actions), token, actions)

    web.run_app(serve(), host=options.host, port=options.port, print=None, loop=asyncio.new_event_loop())
    return 0


if __name__ == "__main__":
    sys.exit(main())

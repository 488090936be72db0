"""Delivery of webhook messages: signed, in the background, tried again for a day, then switched off."""

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from heapq import heappop, heappush
from itertools import count
from time import monotonic
from typing import Any

import httpx

from kpi_platform.local.behaviour import Behaviour
from kpi_platform.local.state import Store, StoredWebhook, now

SIGNATURE_HEADER = "X-Fivetran-Signature-256"
RETRY_STEP_SECONDS = 300.0
"""Time before the first retry, and growth of the time before each further one."""
GIVE_UP_SECONDS = 24 * 3600.0
"""Fivetran's time after which a webhook that takes nothing is switched off."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Delivery:
    webhook_id: str
    body: bytes
    attempts: int = 0


class Deliveries:
    """Messages on their way. One that is not taken waits for its next try; a restart forgets it."""

    def __init__(self, store: Store, behaviour: Behaviour) -> None:
        self._store = store
        self._behaviour = behaviour
        self._changed = threading.Condition()
        self._closed = False
        self._order = count()
        self._waiting: list[tuple[float, int, _Delivery]] = []
        self._senders = ThreadPoolExecutor(8, thread_name_prefix="webhook")
        threading.Thread(target=self._watch, name="webhook-retries", daemon=True).start()

    def send(self, webhook: StoredWebhook, payload: Mapping[str, Any]) -> None:
        """Sends in the background, at once."""
        self._enqueue(_Delivery(webhook.id, encoded(payload)), monotonic())

    def close(self) -> None:
        """Gives up on what is waiting for another try."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._senders.shutdown(wait=False, cancel_futures=True)

    def _enqueue(self, delivery: _Delivery, due: float) -> None:
        with self._changed:
            heappush(self._waiting, (due, next(self._order), delivery))
            self._changed.notify()

    def _watch(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                wait = self._waiting[0][0] - monotonic() if self._waiting else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                delivery = heappop(self._waiting)[2]
                self._senders.submit(self._attempt, delivery)

    def _attempt(self, delivery: _Delivery) -> None:
        webhook = self._store.get(StoredWebhook, delivery.webhook_id)
        if webhook is None or not webhook.active:
            return
        status, reason = post(webhook, delivery.body)
        if self._is_given_up(webhook.id, taken=is_success(status)):
            _log.warning("Webhook %s is switched off; %s: %s", webhook.id, webhook.url, reason)
        elif not is_success(status):
            delivery.attempts += 1
            wait = self._behaviour.real_seconds(RETRY_STEP_SECONDS * delivery.attempts)
            self._enqueue(delivery, monotonic() + wait)

    def _is_given_up(self, webhook_id: str, *, taken: bool) -> bool:
        """Remembers since when a webhook takes nothing; switches it off when that is too long ago."""
        with self._store.lock:
            webhook = self._store.get(StoredWebhook, webhook_id)
            if webhook is None or (taken and webhook.failing_since is None):
                return False
            webhook.failing_since = None if taken else webhook.failing_since or now()
            patience = timedelta(seconds=self._behaviour.real_seconds(GIVE_UP_SECONDS))
            given_up = webhook.failing_since is not None and now() - webhook.failing_since >= patience
            if given_up:
                webhook.active = False
            self._store.save(webhook)
            return given_up


def encoded(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def signature(secret: str, body: bytes) -> str:
    """HMAC-SHA256 of the raw body, in hexadecimal."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_success(status: int) -> bool:
    return 200 <= status < 300


def post(webhook: StoredWebhook, body: bytes) -> tuple[int, str]:
    """Makes one POST. Returns the status, 0 if nobody answers, and the answer's text. Redirects are not
    followed."""
    headers = {"Content-Type": "application/json"}
    if webhook.secret:
        headers[SIGNATURE_HEADER] = signature(webhook.secret, body)
    try:
        response = httpx.post(webhook.url, content=body, headers=headers, timeout=10)
    except (httpx.HTTPError, httpx.InvalidURL) as cause:
        return 0, str(cause)
    return response.status_code, f"{response.status_code} {response.reason_phrase}"

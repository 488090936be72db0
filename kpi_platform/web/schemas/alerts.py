"""The test of the receivers of alerts."""

from pydantic import Field

from kpi_platform.web.schemas.answers import Answer


class TestedChannelAnswer(Answer):
    channel: str = Field(description="The setting of the channel.", examples=["email_to"])
    ok: bool
    error: str | None = Field(description="Why it did not take the test, and what to do.", examples=[None])


class AlertTestAnswer(Answer):
    """`channels`: what became of the test through each channel that the saved settings name."""

    ok: bool
    channels: list[TestedChannelAnswer]

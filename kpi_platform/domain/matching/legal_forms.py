"""Legal forms of many countries as they end, begin or sit inside company names.

The bulk comes from cleanco's term list; what it lacks (spelled-out forms, Russian, Asian and Spanish-American
ones) is added here. A form is a tuple of words in the spelling of `names.words`.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from cleanco.clean import prepare_default_terms

# cleanco has these as forms of one country, but in names they are ordinary words.
_ORDINARY_WORDS = {"teo", "cpt", "dat", "vat", "fie", "esv", "gie", "sd", "private", "a spol", "ao", "mb"}

_MORE_ENDINGS = """
aktiengesellschaft; gesellschaft mit beschrankter haftung; gesellschaft mbh; mbh; ggmbh
kommanditgesellschaft; ohg
se; ev; eg; kgaa; gmbh; ug; ug haftungsbeschrankt; haftungsbeschrankt; partg; partg mbb; stiftung and co
public limited company; limited liability company; limited liability partnership; limited partnership
joint stock company; open joint stock company; closed joint stock company; public joint stock company
stock company; public company limited; public co ltd; pcl; public company; private limited; private ltd
pvt ltd; pvt limited; pvt; p ltd; proprietary limited; proprietary ltd; pty limited; pty; pte ltd; pte limited
unincorporated; national association; na; fsb; pbc; lc; chartered; ulc; ltee; limitee; nfp; cic; cio
naamlooze vennootschap; societe anonyme; societe a responsabilite limitee; societe par actions simplifiee
societe en commandite
naamloze vennootschap; besloten vennootschap; bv; cv; cvba; ivzw; asbl; srl; spa; sapa; sas; sasu; sca; scop
sem
sa de cv; sab de cv; sapi de cv; s de rl de cv; s de rl; sociedad anonima; sociedad limitada
sociedade anonima
slu; sau; sau unipersonal; scrl; sccl; limitada; eireli; epp; me; cia; compania; companhia; eirl
spa unipersonal
societa per azioni; societa a responsabilita limitata; soc coop; societa cooperativa; srls
aktiebolag; aktiebolaget; publ; osakeyhtio; aktieselskab; anpartsselskab; ivs; aksjeselskap; oyj; abp; ehf; hf
sp zoo; spzoo; sp z oo; spolka akcyjna; spolka z ograniczona odpowiedzialnoscia; sp k; sp j
spol s ro; s ro; sro; akciova spolecnost; as; zrt; nyrt; kft; bt; doo; dd; ad; ead; eood; ood; sia; uab; ou
oue
jsc; ojsc; cjsc; pjsc; pjs; qsc; qpsc; psc; wll; fzc; fze; fzco; fz llc; llc fz; saog; saoc; ksc; kscp; bsc
oao; zao; pao; ooo; nao; tov; pat; prat; too; chp; mchj
obshchestvo s ogranichennoi otvetstvennostiu; obshchestvo s ogranichennoy otvetstvennostyu
obshchestvo s ogranichennoj otvetstvennostju; obshchestvo s ogranichennoy otvetstvennost'yu
aktsionernoe obshchestvo; publichnoe aktsionernoe obshchestvo; otkrytoe aktsionernoe obshchestvo
zakrytoe aktsionernoe obshchestvo; societatea cu raspundere limitata
kabushiki kaisha; kabushikigaisha; kk; yk; godo kaisha; gk; yugen kaisha; kabushiki gaisha
pt tbk; tbk; persero; sdn bhd; sdn; bhd; berhad; co ltd; company ltd; company limited; co limited; jsc vn
anonim sirketi; anonim ortakligi; limited sirketi; ltd sti; as tic; san ve tic as; tic as
public ltd co; public ltd; public limited; incorporation
inc new; corp new; corporation new; company new; co new; ltd new; plc new
ltd co; corp ltd; corporation ltd; inc ltd; llc ltd; a s; limited company; corporation limited
class a; class b; class c; class d; cl a; cl b; common stock; ordinary shares; registered shares
"""

# Unmistakable forms, which are dropped wherever they stand ("Bosch GmbH Robert").
_ANYWHERE = """
gmbh aktiengesellschaft nv bv ltd limited inc incorporated llc plc corp oyj srl sarl sprl bvba kgaa llp pty
pte bhd sdn mbh ltda pvt ojsc pjsc cjsc
"""
ANYWHERE: Final = frozenset(_ANYWHERE.split())

_BEGINNINGS = """
oao; ooo; zao; pao; jsc; ojsc; cjsc; pjsc; uab; tov; nv; bv; gmbh; pt; sarl; srl; ab; too; sia; oy; firma
limited liability company; joint stock company; open joint stock company; closed joint stock company
public joint stock company; obshchestvo s ogranichennoi otvetstvennostiu; aktsionernoe obshchestvo
obshchestvo s ogranichennoy otvetstvennostyu; publichnoe aktsionernoe obshchestvo
otkrytoe aktsionernoe obshchestvo; zakrytoe aktsionernoe obshchestvo; aktiebolaget; kabushiki kaisha
societatea cu raspundere limitata; societe anonyme; naamloze vennootschap; besloten vennootschap; societe dite
"""


def _parse(text: str) -> Iterable[tuple[str, ...]]:
    return (tuple(form.split()) for form in text.replace("\n", ";").split(";") if form.strip())


Forms = Mapping[str, tuple[tuple[str, ...], ...]]
"""Forms by their last (or first) word, the longest first."""


def _by_word(forms: Iterable[tuple[str, ...]], place: int) -> Forms:
    listed = {form for form in forms if form and " ".join(form) not in _ORDINARY_WORDS}
    words = {form[0] for form in listed if len(form) == 1}
    result: dict[str, tuple[tuple[str, ...], ...]] = {}
    for form in sorted(listed, key=lambda form: (-len(form), form)):
        # "co ltd" needs no look of its own: "ltd" goes, and then "co".
        if len(form) == 1 or not words.issuperset(form):
            result[form[place]] = (*result.get(form[place], ()), form)
    return result


ENDINGS: Final = _by_word(
    (*(tuple(words) for _, words in prepare_default_terms()), *_parse(_MORE_ENDINGS)), -1
)
"""Forms that end a name."""
BEGINNINGS: Final = _by_word(_parse(_BEGINNINGS), 0)
"""Forms that stand before a name ("OOO Romashka", "AB Volvo")."""

"""Words of company names: one spelling for each, and how common the common ones are.

The frequencies are the prior of the weights: two lists of ten names teach nothing about which words are rare.
"""

from typing import Final

_NUMBERS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th",
    "fifth": "5th",
    "sixth": "6th", "seventh": "7th", "eighth": "8th", "ninth": "9th", "tenth": "10th", "ii": "2", "iii": "3",
    "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12", "xiii": "13",
    "xiv": "14",
    "xv": "15", "xvi": "16", "xvii": "17", "xviii": "18", "xix": "19", "xx": "20",
}  # fmt: skip

# Abbreviations, spelling variants and numerals → the form in which they are compared.
SPELLINGS: Final[dict[str, str]] = (
    {
        variant: word
        for line in """
international: intl internatl internat intern internacional internazionale internationale internationales
national: natl nacional nazionale nationale nationaal
manufacturing: mfg manuf mfrs manufacturers manufacturer
services: svcs svc serv servs service servicios
technologies: tech techs technology technol techn technologie teknologi tecnologia
industries: inds ind industry indus industrie industria industrias indl industrial
holdings: hldgs hldg holding hlds hldng
group: grp gp groupe gruppe grupo gruppo groep
brothers: bros
associates: assocs assoc
association: assn assocn
university: univ universitat universite universidad universita universiteit
department: dept
government: govt
insurance: ins insur
pharmaceuticals: pharm pharma pharms pharmaceutical pharmaceut pharmac
communications: comms communication communicns
telecommunications: telecom telecomm telecomms telecoms telecommunication
financial: fin finl fincl
finance: financing
investments: invest investment invs inv investmt investors
management: mgmt mgt mngmt
development: dev devel dvlpmt developments
engineering: eng engrg engg engineers
systems: sys system syst
solutions: soln solns solution
laboratories: lab labs laboratory laboratoires
products: prods prod product
properties: props property
resources: res resource
company: co cie
corporation: corp
america: amer
american: am
europe: eur euro europa
european: europ
general: gen genl
center: ctr centre centers
hospital: hosp
labor: labour
organization: organisation org
color: colour
defense: defence
theater: theatre
materials: matls material
equipment: equip eqpt
transportation: transp transport
distribution: distr distrib distributors
electric: elec electr
electronics: electronic electron
semiconductor: semicond semiconductors
petroleum: petr petrol
chemicals: chem chemical chems chemicl
construction: constr constrn
consulting: consult consultants consultancy
entertainment: entmt entmnt
enterprises: entpr enterprise enterpr
energy: engy energies
mining: mng mines
foods: food
motors: motor
partners: ptnrs partner
trust: tr
bank: bk bancorporation
bancshares: bankshares
realty: rlty
capital: cap
stores: store strs
biotechnology: biotech
therapeutics: therapeut therap
saint: st
mountain: mt
fort: ft
koninklijke: konink kon kninkl koninkl
nederland: netherlands netherland holland
deutschland: germany
""".strip().splitlines()
        for word, _, variants in [line.partition(":")]
        for variant in variants.split()
    }
    | {"companies": "company"}
    | _NUMBERS
)

# One letter is a numeral only at the end of a name.
LAST_NUMBERS: Final[dict[str, str]] = {"i": "1", "v": "5", "x": "10"}

# Left out of comparison in every language we know them in.
FILLERS: Final[frozenset[str]] = frozenset({"the", "and"})

# A subsidiary has the name of its country: "Banco Santander Chile" is not "Banco Santander".
_COUNTRIES = """
america argentina asia australia austria belgium benelux brasil brazil bulgaria canada cda
chile china colombia croatia czech danmark denmark deutschland egypt espana europe finland france greece
hellas hungary iberia iberica india indonesia ireland israel italia italy japan kenya korea latinoamerica
magyarorszag malaysia mexico nederland nigeria nordic norge norway osterreich pakistan peru philippines
poland polska portugal romania russia schweiz singapore slovakia slovenia spain suisse sverige sweden
switzerland taiwan thailand turkey turkiye uk ukraine usa venezuela vietnam africa emea
"""
COUNTRIES: Final[frozenset[str]] = frozenset(_COUNTRIES.split())

# Words of a name's structure, which say next to nothing about identity.
STRUCTURAL: Final[frozenset[str]] = frozenset(
    ("group", "company", "corporation", "holdings", "of", "for", "in", "com", "koninklijke")
)

_COMMON_WORDS: Final[dict[float, str]] = {
    1 / 30: "company holdings group corporation industries international capital technologies bank of",
    1 / 80: """de services energy financial resources pharmaceuticals systems china india global partners
        bancorp bancshares trust properties first national american investments products power development
        steel electronics chemicals engineering foods gold finance healthcare insurance management enterprises
        media""",
    1 / 200: """health medical solutions software networks communications telecommunications motors
        construction equipment materials oil gas petroleum mining minerals metals real estate trading water
        electric semiconductor therapeutics biotechnology laboratories entertainment marine hotels realty
        stores retail foundation fund investment income digital data security logistics transportation
        airlines general united new north south east west pacific atlantic canada america europe asia japan
        korea hong kong london nederland deutschland france italia uk us usa british royal public private
        commercial industries acquisition university hospital city state federal central association society
        institute school college center department ministry government brothers sons associates consulting
        design house home life sciences research labs""",
    1 / 600: """express credit leasing savings mortgage securities asset assets brands consumer packaging
        paper plastics glass rubber textile textiles apparel fashion shoes sports travel tourism leisure
        restaurants coffee beverages brewery wine farms agriculture agro fertilizers sugar tea dairy seafood
        meat cement ceramics tile tools machinery machine machine's automotive auto parts aviation aerospace
        defense shipping ports railway rail bus truck rental cars environmental waste recycling solar wind
        renewable nuclear hydro pipeline drilling exploration offshore services' information technology
        internet online web cloud computer computers micro nano optical photonics laser video audio music
        film films studios games gaming publishing press news print printing education training academy
        learning staffing human security protection fire control controls automation robotics instruments
        instrument precision tech great best super star sun blue green red black white silver diamond golden
        king royal crown eagle lion alliance union allied associated consolidated standard universal world
        trans inter euro nordic baltic southern northern eastern western midwest mid valley river lake
        mountain hill park island bay beach texas california york jersey florida ohio virginia carolina
        georgia illinois michigan washington boston chicago australia zealand singapore malaysia thailand
        taiwan indonesia philippines brasil mexico chile africa israel swiss schweiz austria belgium sweden
        norge denmark finland ireland scotland wales spain espana portugal polska russia ukraine turkey gulf
        arab saudi emirates qatar kuwait egypt nigeria kenya beijing shanghai shenzhen guangdong zhejiang
        jiangsu tokyo osaka paris berlin community farmers merchants citizens peoples heritage liberty
        independence freedom legacy premier prime select choice quality advanced applied innovative
        integrated dynamic dynamics modern future next smart intelligent pro plus one net com sciences
        science bio life care dental clinic pharmacy nutrition wellness beauty cosmetics personal household
        furniture lighting appliances supply supplies wholesale distribution market markets store shop trade
        import export ventures venture growth value opportunity strategic equity municipal bond index etf
        site sites project projects contractors builders building buildings land infrastructure legal law
        tax accounting audit marketing advertising creative agency brokers broker club team""",
}  # fmt: skip

COMMONNESS: Final[dict[str, float]] = {
    word: share for share, words in sorted(_COMMON_WORDS.items()) for word in words.split()
}
"""Word → its share of company names, roughly."""

UNKNOWN_COMMONNESS: Final = 1 / 20_000
"""The share of a word that is in none of the lists above."""

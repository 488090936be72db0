"""Words of the names of holders of all kinds: institutions, trades, nationalities. For grouping only.

Lists of companies hardly have them, so the score of linking does not know them; lists of members, visitors
or donors have them often."""

from typing import Final

from kpi_platform.domain.matching.words import COMMONNESS, COUNTRIES

_INSTITUTIONAL_WORDS = """
federation confederation council board committee commission authority agency coalition congress forum
league chamber chambers commerce guild syndicate cooperative co-operative coop cooperatives mutual workers
employees employers union unions trade producers growers dealers owners manufacturers importers exporters
retailers wholesalers bankers insurers brewers bakers nurses doctors physicians dentists pharmacists
teachers engineers architects lawyers municipalities municipal cities towns county district regional
region provincial province republic kingdom universities colleges polytechnic faculty academy academic
student students alumni school hospitals clinics air airline rail railways airways airport airports port bus
transit telecom telephone telegraph post postal mail hydro grid utility utilities electricity lighting
light heat heating waterworks sewer sanitation chemistry chemist physics biology agriculture agricultural
dairy poultry beef cattle pork grain wheat fruit vegetable flower seed seeds fishing fisheries fish forest
forestry timber lumber sport sports football soccer golf tennis hockey cycling swimming olympic athletic
church churches christian catholic jewish islamic red cross relief aid charity charities action alliance
women youth children seniors veterans consumers consumer citizen rights justice peace museum museums
library libraries theatre orchestra symphony festival arts art culture cultural heritage
"""
_NATIONALITIES = """
afghan albanian algerian american argentine argentinian armenian australian austrian azerbaijani
bangladeshi belgian bolivian bosnian brazilian british bulgarian cambodian canadian chilean chinese
colombian croatian cuban cypriot czech danish dutch egyptian english estonian ethiopian european filipino
philippine finnish flemish french georgian german ghanaian greek hungarian icelandic indian indonesian
iranian iraqi irish israeli italian jamaican japanese jordanian kazakh kenyan korean kuwaiti latvian
lebanese lithuanian luxembourgish malaysian maltese mexican moroccan nepalese nigerian norwegian pakistani
peruvian polish portuguese romanian russian saudi scottish serbian singaporean slovak slovenian spanish
swedish swiss syrian taiwanese tanzanian thai tunisian turkish ugandan ukrainian uruguayan venezuelan
vietnamese welsh african asian arab arabian latin nordic scandinavian deutsche deutscher deutsches
nederlandse francaise francais italiana italiano espanola espanol svenska danske norske suomen polska
polski osterreichische schweizerische
"""
_TRADES = """
technical technological agro aluminium aluminum apparel appliance audiovisual bakery bakeries baking
barley battery beauty beer bicycle billiard boat boating bottling bridge broadcasting broadcasters builder
cable cabinet candy canning cannabis cannery cardboard cargo carpet carriers casino cattlemen caterers
catering cheese chicken childcare cigar cinema cleaning clothing coal coatings cocoa composites concrete
confectionery contractors cork corn cosmetic cotton courier craft crane crop cruise cutlery cycle dance
dealer dental dentistry detergent dietetic diving dock door drug dry dyes ecological elevator embroidery
employment engine ethanol eyewear fabric farm farmer fencing ferry fiber fibre fitness flooring flour
foundry franchise freight frozen fuel fur game garage garden garment gear ginning grocers grocery guitar
hair handicraft hardware harvest hay hearing herbal highway hockey honey horse horticulture horticultural
housing hunting hygiene ice ink insulation interior investor iron irrigation jam jewellers jewellery
jewelers jewelry jute knitwear label landscape laundry lawn leather licensing lime linen linseed livestock
locksmith lottery luggage machining magazine malt maritime marble masonry mattress measurement meats
mechanical merchandise midwives mill millers mills mineral modelling mold mould mushroom music musicians
natural nickel nonwoven nursery nursing nut oat oilseed oilseeds olive onion optic opticians optometrists
orchard ore ornamental osteopaths paint paints pallet parcel parking parquet pasta pastry payments peat
pension pensions perfume pest pesticides pet pets philatelic photo photographic physiotherapists piano
pilots pipe plumbing plant plants plywood police pool port potash potato potatoes press producers
professional psychologists pulp pump pumps quarry radio radiologists ranchers rape recreation refinery
refining refrigeration repair rice road roads roofing rope rose rug rum salmon salt sand sawmill
scaffolding sewing sheep shellfish ship shipbuilders shipbuilding shipowners shipyard shoe silk ski slate
smelting smoke snack soap soda soft soil soybean spice spices spirits stainless stamp starch stone storage
surgeons surgical surveyors sweeteners swine tank tanker tanning tax taxi taxpayers teachers therapy
ticket timber tire tires tobacco tomato tour tourist towing toy toys tractor trailer translators tree
trucking tube tuna turbine turf tyre vaccine vegan vegetable vehicle vehicles vending veterinary
veterinarians viticulture walnut warehouse warehousing watch weaving wedding weighing welding wellbeing
wheel wholesalers wind window wine wines winegrowers wire wood woodworking wool writers yacht yarn yeast
yoga youth zinc zoo heavy light small large high low higher lower open free fair safe good better active
animal basic business career center civil classic clean climate common complete consumer corporate current
daily direct district eastern economic economy effective elite emergency ethical exchange executive
experts external facility families family fast field final first fleet foreign forward foundation friends
front full fund green ground growth guide guild hand hands head high historic historical homes household
human image impact independent individual innovation inner interest internal joint journal junior key
labor large leaders leadership learning legal level link links live local long lower main major man map
mass master mature memorial men member members merchant metro metropolitan military mobile mobility modern
motor movement multi native naval navy near network neighborhood news night object official old on
operations operators opportunity order outdoor outer outside owner package page people performance
permanent person planning platform play point policy political poor popular practice preservation presence
preventive primary principal private process processing processors procurement production professionals
program programme progress progressive promotion public quality race real record records reform refugee
register registered regulatory rehabilitation religious reliability renewal rental rescue reserve
residential resource response responsible review rights rural safety sales sanctuary scholars scientific
scientists second secondary sector senior series settlement shared sight signal site social socialist
special specialists specialty speech staff state statistics strategic street strategy studies study
success superior support surface survey sustainability sustainable swimming table target task team
technician technicians temporary territory test testing third time top total town township traditional
transit treatment tribal tribe trustees unified urban use user users utility value vision visual volunteer
volunteers vote voters waste way welfare west whole wild wildlife winter women woods work worker world
year young board labour rowing skating sailing equestrian chess rugby cricket
"""
GROUPING_COMMONNESS: Final[dict[str, float]] = (
    dict.fromkeys(_TRADES.split(), 1 / 800)
    | dict.fromkeys(_INSTITUTIONAL_WORDS.split(), 1 / 400)
    | dict.fromkeys(_NATIONALITIES.split(), 1 / 200)
    | dict.fromkeys(COUNTRIES, 1 / 200)
    | COMMONNESS
)
"""Word → its share of the names of holders of all kinds, roughly."""

_COUNTRIES_OF = """
dutch:nederland german:deutschland french:france italian:italy spanish:spain polish:poland swedish:sweden
danish:denmark finnish:finland austrian:austria belgian:belgium irish:ireland british:uk britain:uk
english:england scottish:scotland welsh:wales canadian:canada american:america usa:america us:america
mexican:mexico brazilian:brazil brasil:brazil argentine:argentina argentinian:argentina chilean:chile
peruvian:peru colombian:colombia venezuelan:venezuela japanese:japan chinese:china korean:korea
indian:india indonesian:indonesia malaysian:malaysia thai:thailand vietnamese:vietnam
philippine:philippines taiwanese:taiwan australian:australia norwegian:norway swiss:switzerland
schweiz:switzerland suisse:switzerland portuguese:portugal greek:greece hellenic:greece hellas:greece
turkish:turkey turkiye:turkey european:europe hungarian:hungary romanian:romania bulgarian:bulgaria
croatian:croatia czech:czech slovak:slovakia slovenian:slovenia russian:russia ukrainian:ukraine
egyptian:egypt nigerian:nigeria kenyan:kenya israeli:israel african:africa asian:asia latvian:latvia
lithuanian:lithuania estonian:estonia icelandic:iceland maltese:malta serbian:serbia pakistani:pakistan
osterreich:austria sverige:sweden danmark:denmark norge:norway suomi:finland espana:spain italia:italy
polska:poland
"""
COUNTRY_OF: Final[dict[str, str]] = dict(pair.split(":") for pair in _COUNTRIES_OF.split())
"""Nationality, or a country's name in its own language → the country as it is compared in grouping."""

_KINDS = """
university universities college school institute polytechnic academy faculty hospital clinic association
federation confederation union alliance council society league chamber coalition guild committee
commission board authority agency ministry department district county city town municipality province
state church museum library congress forum government court office bureau secretariat embassy parliament
club workers employees
"""
KINDS: Final = frozenset(_KINDS.split())
"""Words that say what kind of institution a name is of: institutions are told apart by all of their words."""

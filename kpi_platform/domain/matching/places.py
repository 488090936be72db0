"""Countries, regions and cities as they end the names of branches, and words that say "branch"."""

from typing import Final

from kpi_platform.domain.matching.words import COUNTRIES

_MORE_COUNTRIES = """
afghanistan albania algeria angola armenia azerbaijan bahamas bahrain bangladesh barbados belarus belgie
belgique belize bermuda bolivia bosnia botswana britain cambodia cameroon cyprus cesko ecuador eesti
england estonia ethiopia georgia ghana guatemala honduras iceland iran iraq jamaica jordan kazakhstan
kuwait latvia lebanon libya lithuania luxembourg luxemburg macedonia malta mauritius moldova mongolia
montenegro morocco mozambique myanmar namibia nepal nicaragua oman panama paraguay qatar rwanda scotland
senegal serbia slovensko sudan suomi syria tanzania tunisia uganda uruguay uzbekistan wales yemen zambia
zimbabwe bharat espania hispania italiana francaise
"""
_REGIONS = """
americas latam apac mena asean eu eea caribbean balkans baltics scandinavia nordics iberia mideast quebec
ontario alberta manitoba saskatchewan yukon nunavut newfoundland bavaria bayern catalonia flanders
wallonia alabama alaska arizona arkansas california colorado connecticut delaware florida hawaii idaho
illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota
mississippi missouri montana nebraska nevada ohio oklahoma oregon pennsylvania tennessee texas utah
vermont virginia wisconsin wyoming
"""
_CITIES = """
amsterdam ankara antwerp antwerpen athens atlanta auckland austin baltimore bangalore bangkok barcelona
basel beijing berlin bern birmingham bogota bologna bonn boston bremen bristol brno brussel brussels
bruxelles bucharest budapest cairo calgary chennai chicago cleveland cologne copenhagen dallas darmstadt
delhi denver detroit dortmund dresden dubai dublin dusseldorf edinburgh edmonton eindhoven essen frankfurt
geneva geneve genoa glasgow gothenburg goteborg graz guangzhou halifax hamburg hamilton hanoi hannover
helsinki houston istanbul jakarta johannesburg karachi kiev kobe kobenhavn koln krakow kyiv kyoto lagos
leeds leipzig lille lima lisboa lisbon liverpool ljubljana london lyon madrid malmo manchester manila
mannheim marseille melbourne miami milan milano minneapolis montreal moscow mumbai munich munchen nagoya
nairobi naples osaka oslo ottawa paris perth philadelphia phoenix pittsburgh porto prague praha riga roma
rome rotterdam salzburg santiago seattle seoul shanghai shenzhen sofia stockholm strasbourg stuttgart
sydney tallinn tehran tokyo toronto torino toulouse turin utrecht valencia vancouver venice vienna vilnius
warsaw warszawa wien winnipeg yokohama zagreb zurich
"""
PLACES: Final = COUNTRIES | frozenset(f"{_MORE_COUNTRIES} {_REGIONS} {_CITIES}".split())
"""Words that name a place and nothing else, in small ASCII letters."""
_COMPOUNDS = """
north america; south america; latin america; central america; middle east; far east; asia pacific
united kingdom; great britain; united states; hong kong; new zealand; south africa; southern africa
saudi arabia; czech republic; south korea; costa rica; el salvador; puerto rico; sri lanka
central europe; eastern europe; western europe; british columbia; nova scotia; new brunswick
new york; new jersey; new mexico; north carolina; south carolina; los angeles; san francisco
kuala lumpur; sao paulo; buenos aires
"""
COMPOUNDS: Final = frozenset(tuple(pair.split()) for pair in _COMPOUNDS.replace("\n", ";").split(";"))
"""Places of two words."""
_BRANCH = """
branch office headquarters hq filiale niederlassung succursale sucursal filial zweigniederlassung
"""
BRANCH: Final = frozenset(_BRANCH.split())
"""Words that end the name of a part of a company."""
_BRANCH_KINDS = """
representative regional head liaison field main local national european branch representation sales
"""
BRANCH_KINDS: Final = frozenset(_BRANCH_KINDS.split())
"""Words between a place and "office"."""

// Countries: capitals, continents, languages. Only countries where each of these has one answer.

import { paired } from "../words/english.js";
import type { Relation } from "./relation.js";

/** Country: capital. Countries whose capital is disputed, shared or about to move are left out. */
export const capitals = paired(`
France: Paris; Germany: Berlin; Italy: Rome; Spain: Madrid; Portugal: Lisbon; England: London; Ireland: Dublin;
Scotland: Edinburgh; Wales: Cardiff; Belgium: Brussels; Austria: Vienna; Denmark: Copenhagen; Sweden: Stockholm;
Norway: Oslo; Finland: Helsinki; Iceland: Reykjavik; Poland: Warsaw; Hungary: Budapest; Romania: Bucharest;
Bulgaria: Sofia; Greece: Athens; Serbia: Belgrade; Croatia: Zagreb; Slovenia: Ljubljana; Slovakia: Bratislava;
Albania: Tirana; Ukraine: Kyiv; Russia: Moscow; Estonia: Tallinn; Latvia: Riga; Lithuania: Vilnius; Turkey: Ankara;
Egypt: Cairo; Morocco: Rabat; Algeria: Algiers; Tunisia: Tunis; Libya: Tripoli; Kenya: Nairobi; Ethiopia: Addis Ababa;
Ghana: Accra; Nigeria: Abuja; Senegal: Dakar; Uganda: Kampala; Rwanda: Kigali; Angola: Luanda; Mali: Bamako;
Zambia: Lusaka; Zimbabwe: Harare; Namibia: Windhoek; China: Beijing; Japan: Tokyo; India: New Delhi; Nepal: Kathmandu;
Pakistan: Islamabad; Bangladesh: Dhaka; Iran: Tehran; Iraq: Baghdad; Syria: Damascus; Jordan: Amman; Lebanon: Beirut;
Afghanistan: Kabul; Thailand: Bangkok; Vietnam: Hanoi; Laos: Vientiane; Cambodia: Phnom Penh; South Korea: Seoul;
Mongolia: Ulaanbaatar; Canada: Ottawa; Mexico: Mexico City; Cuba: Havana; Jamaica: Kingston; Brazil: Brasilia;
Argentina: Buenos Aires; Peru: Lima; Colombia: Bogota; Venezuela: Caracas; Ecuador: Quito; Uruguay: Montevideo;
Paraguay: Asuncion; Australia: Canberra; New Zealand: Wellington; Fiji: Suva; the United States: Washington;
the Netherlands: Amsterdam; the Czech Republic: Prague; the Philippines: Manila; Switzerland: Bern; Chile: Santiago;
Saudi Arabia: Riyadh; Belarus: Minsk; Qatar: Doha; Oman: Muscat; Costa Rica: San Jose; Panama: Panama City;
Malaysia: Kuala Lumpur; Kuwait: Kuwait City; Sudan: Khartoum; Madagascar: Antananarivo`);

/** Not in the list: they lie on two continents, or on none that everybody agrees on. */
const continents = [
  ...within(
    "Europe",
    "France; Germany; Italy; Spain; Portugal; England; Ireland; Scotland; Wales; Belgium; Austria; Denmark; Sweden; Norway; Finland; Iceland; Poland; Hungary; Romania; Bulgaria; Greece; Serbia; Croatia; Slovenia; Slovakia; Albania; Ukraine; Estonia; Latvia; Lithuania; the Netherlands; the Czech Republic; Switzerland; Belarus",
  ),
  ...within(
    "Africa",
    "Morocco; Algeria; Tunisia; Libya; Kenya; Ethiopia; Ghana; Nigeria; Senegal; Uganda; Rwanda; Angola; Mali; Zambia; Zimbabwe; Namibia; Sudan; Madagascar",
  ),
  ...within(
    "Asia",
    "China; Japan; India; Nepal; Pakistan; Bangladesh; Iran; Iraq; Syria; Jordan; Lebanon; Afghanistan; Thailand; Vietnam; Laos; Cambodia; South Korea; Mongolia; the Philippines; Saudi Arabia; Qatar; Oman; Malaysia; Kuwait",
  ),
  ...within("North America", "Canada; Mexico; Cuba; Jamaica; the United States; Costa Rica; Panama"),
  ...within("South America", "Brazil; Argentina; Peru; Colombia; Venezuela; Ecuador; Uruguay; Paraguay; Chile"),
];

function within(continent: string, countries: string): [string, string][] {
  return countries.split("; ").map((country) => [country, continent]);
}

/** Country: the language most people there speak, where it is one. */
const languages = paired(`
France: French; Germany: German; Italy: Italian; Spain: Spanish; Portugal: Portuguese; England: English;
Austria: German; Denmark: Danish; Sweden: Swedish; Norway: Norwegian; Finland: Finnish; Iceland: Icelandic;
Poland: Polish; Hungary: Hungarian; Romania: Romanian; Bulgaria: Bulgarian; Greece: Greek; Albania: Albanian;
Slovenia: Slovenian; Slovakia: Slovak; Croatia: Croatian; Serbia: Serbian; Estonia: Estonian; Latvia: Latvian;
Lithuania: Lithuanian; Russia: Russian; Turkey: Turkish; Egypt: Arabic; Iraq: Arabic; Syria: Arabic; Jordan: Arabic;
Iran: Persian; China: Chinese; Japan: Japanese; South Korea: Korean; Mongolia: Mongolian; Thailand: Thai;
Vietnam: Vietnamese; Bangladesh: Bengali; Mexico: Spanish; Cuba: Spanish; Argentina: Spanish; Colombia: Spanish;
Venezuela: Spanish; Uruguay: Spanish; Brazil: Portuguese; Australia: English;
the United States: English; the Netherlands: Dutch; the Czech Republic: Czech; Chile: Spanish; Saudi Arabia: Arabic;
Costa Rica: Spanish; Panama: Spanish; Kuwait: Arabic`);

export const geography: readonly Relation[] = [
  {
    name: "capital",
    weight: 1.5,
    facts: capitals,
    questions: [
      "What is the capital of {s}?",
      "What's the capital of {s}?",
      "Which city is the capital of {s}?",
      "Tell me the capital of {s}.",
      "Name the capital of {s}.",
      "What is {s}'s capital?",
      "What is the capital city of {s}?",
      "Do you know the capital of {s}?",
      "Can you tell me the capital of {s}?",
      "The capital of {s} is what?",
      "What city is the capital of {s}?",
      "Capital of {s}?",
    ],
    answer: "The capital of {s} is {o}.",
  },
  {
    name: "country of a capital",
    facts: capitals.filter(([country]) => country !== "England"),
    questions: [
      "{o} is the capital of which country?",
      "Which country has the capital {o}?",
      "Which country's capital is {o}?",
      "What country is {o} the capital of?",
      "What is {o} the capital of?",
      "Of which country is {o} the capital?",
      "{o} is the capital of what?",
      "Name the country whose capital is {o}.",
      "In which country is {o}?",
      "What country is {o} in?",
    ],
    answer: "{o} is the capital of {s}.",
    short: "{S}",
  },
  {
    name: "continent",
    weight: 0.8,
    facts: continents,
    questions: [
      "On which continent is {s}?",
      "Which continent is {s} in?",
      "What continent is {s} in?",
      "Where is {s}?",
      "In which part of the world is {s}?",
      "Tell me the continent of {s}.",
      "{S} is on which continent?",
      "What continent does {s} belong to?",
      "Where in the world is {s}?",
      "Name the continent of {s}.",
    ],
    answer: "{S} is in {o}.",
  },
  {
    name: "language of a country",
    facts: languages,
    questions: [
      "What language do people speak in {s}?",
      "Which language do people speak in {s}?",
      "What language is spoken in {s}?",
      "Which language is spoken in {s}?",
      "What do people speak in {s}?",
      "What is the language of {s}?",
      "Tell me the language of {s}.",
      "In {s}, which language do people speak?",
    ],
    answer: "People in {s} speak {o}.",
  },
];

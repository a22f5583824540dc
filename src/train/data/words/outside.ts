// What the model does not know: subjects without an answer, and what goes into the {slots} of the
// questions in outside-questions.ts.

import { listed } from "./english.js";

/** Subjects that questions about facts have no answer for, by the relation's name. */
export const unknownSubjects: Readonly<Record<string, readonly string[]>> = {
  capital: listed(`
Kazakhstan; Bolivia; Sri Lanka; Indonesia; Nicaragua; Honduras; Guatemala; Belize; Haiti; Malta; Cyprus; Monaco; Andorra;
Luxembourg; Israel; South Africa; Botswana; Mozambique; Cameroon; Gabon; Chad; Niger; Somalia; Eritrea; Djibouti;
Tanzania; Burundi; Malawi; Lesotho; Gambia; Guinea; Liberia; Sierra Leone; Togo; Benin; Yemen; Bahrain; Georgia; Armenia;
Azerbaijan; Bhutan; Myanmar; Taiwan; Singapore; Brunei; Samoa; Tonga; Vanuatu; Moldova; Kosovo; Montenegro; Texas;
California; Bavaria; Ohio; Florida; Alaska; Quebec; Hawaii; Sicily; Tibet; Atlantis; Narnia; the Moon; the North Pole;
Barbados; Trinidad; Suriname; Guyana; Palau; Nauru; Comoros; Seychelles; Mauritius; Congo; Uzbekistan; Tajikistan`),
  "language of a country": listed(`
Kazakhstan; Bolivia; Indonesia; Malta; Israel; South Africa; Chad; Niger; Somalia; Tanzania; Malawi; Togo; Benin; Yemen;
Georgia; Armenia; Bhutan; Myanmar; Taiwan; Samoa; Tonga; Moldova; Atlantis; Haiti; Nepal; India; Pakistan; Belgium;
Switzerland; Canada; Ireland; Wales; Kenya; Ghana; Nigeria; Peru`),
  sound: listed(`
giraffe; rabbit; fish; snail; shark; crab; ant; butterfly; worm; whale; penguin; camel; kangaroo; zebra; turtle; lizard;
crocodile; panda; koala; squirrel; hedgehog; otter; beaver; octopus; jellyfish; salmon; moose; hippo; rhino; bat; table;
stone; chair; pencil; cloud; unicorn; dragon; dinosaur; llama; ostrich; peacock; gorilla; leopard; walrus; badger`),
  opposite: listed(`
table; chair; apple; banana; dog; cat; house; tree; paper; pencil; window; river; mountain; bread; milk; carrot; cloud;
shoe; hammer; bicycle; elephant; guitar; spoon; blanket; button; candle; doctor; farmer; Monday; Paris; seven; twelve;
green; purple; orange; gold; music; history; water; potato; garden; umbrella; camera; telephone; computer; garlic`),
  color: listed(`
car; house; shirt; book; bag; door; dress; pencil; balloon; bicycle; boat; hat; scarf; cat; dog; horse; button; chair;
ball; kite; bird; fish; flower; bus; train; phone; wall; carpet; candle; toy; eye; shoe; box; bottle; blanket; coat`),
  "young animal": listed(`
ant; snail; crab; shark; penguin; camel; zebra; turtle; lizard; squirrel; hedgehog; otter; octopus; moose; hippo; rhino;
table; stone; unicorn; dragon; llama; ostrich; walrus; badger; spider; worm; dolphin; monkey; parrot; snake`),
  "kind of thing": listed(`
quark; sonnet; blockchain; mortgage; senator; algorithm; molecule; symphony; contract; passport; verb; parliament;
satellite; volcano; glacier; neuron; virus; pyramid; statue; treaty; dividend; compass; cathedral; comma; philosopher;
tsunami; microscope; bacterium; isotope; metaphor; pharaoh; samurai; turbine; catapult; haiku; electron`),
};

/** What the {slots} of the templates take. */
export const fillers: Readonly<Record<string, readonly string[]>> = {
  person: listed(`
Albert Einstein; Isaac Newton; Marie Curie; Napoleon; Cleopatra; Julius Caesar; Mozart; Beethoven; Shakespeare; Goethe;
Leonardo da Vinci; Picasso; Van Gogh; Charles Darwin; Galileo; Columbus; Marco Polo; Abraham Lincoln; George Washington;
Nelson Mandela; Gandhi; Martin Luther King; Winston Churchill; Queen Victoria; Plato; Socrates; Aristotle; Buddha;
Elvis Presley; Michael Jackson; Madonna; Taylor Swift; Beyonce; Messi; Ronaldo; Muhammad Ali; Serena Williams;
Steve Jobs; Bill Gates; Elon Musk; Barack Obama; Angela Merkel; Harry Potter; Sherlock Holmes; Batman; Superman;
Frida Kahlo; Ada Lovelace; Alan Turing; Nikola Tesla; Thomas Edison; Stephen Hawking; Homer; Dante; Tolstoy; Kafka`),
  work: listed(`
Hamlet; the Odyssey; the Mona Lisa; War and Peace; Moby Dick; Star Wars; Titanic; Frozen; The Lion King; Romeo and Juliet;
Don Quixote; Faust; the Bible; Alice in Wonderland; Jurassic Park; Casablanca; Macbeth; The Hobbit; Dracula; Frankenstein;
the Moonlight Sonata; Pride and Prejudice; Gone with the Wind; The Magic Flute; Robinson Crusoe; Treasure Island`),
  city: listed(`
New York; Los Angeles; Chicago; Boston; Hamburg; Munich; Barcelona; Milan; Naples; Venice; Lyon; Marseille; Sydney;
Melbourne; Mumbai; Shanghai; Osaka; Istanbul; Saint Petersburg; Toronto; Vancouver; Rio; Dubai; Geneva; Zurich; Krakow;
Manchester; Liverpool; Glasgow; Seattle; Miami; Houston; Paris; London; Rome; Tokyo; Berlin; Madrid; Cairo; Vienna`),
  company: listed(`
Google; Apple; Amazon; Microsoft; Toyota; Samsung; Sony; Nike; Coca-Cola; Tesla; Netflix; Intel; IBM; Siemens; BMW; Boeing;
Nintendo; Lego; Ikea; Starbucks; Facebook; Volkswagen; Nokia; Disney; Adidas; Honda`),
  event: listed(`
the French Revolution; World War I; World War II; the Cold War; the moon landing; the fall of Rome; the Olympic Games;
the World Cup; the American Civil War; the Renaissance; the Industrial Revolution; the battle of Waterloo; the Stone Age;
the discovery of America; the fall of the Berlin Wall; the Black Death; the Crusades; the last election; the Ice Age`),
  subject: listed(`
physics; chemistry; biology; history; philosophy; economics; politics; religion; law; medicine; psychology; astronomy;
geology; algebra; calculus; geometry; statistics; grammar; poetry; music theory; architecture; engineering; cooking;
gardening; chess; photography; marketing; mythology; quantum mechanics; relativity; evolution; gravity; democracy`),
  thing: listed(`
a car engine; a computer; the internet; an airplane; a rocket; a battery; a vaccine; electricity; a black hole; an atom;
the stock market; a rainbow; a magnet; a nuclear reactor; a television; a telephone; a refrigerator; a microwave;
a search engine; inflation; a bank; a parliament; an earthquake; the tide; a volcano; DNA; a virus; the immune system;
a laser; a solar panel; cement; a violin string; a parachute; a submarine; photosynthesis; a blockchain`),
  goods: listed(`
a house; a car; a liter of milk; a new phone; a ticket to Paris; a good laptop; a cup of coffee; a pound of gold; a bike;
a horse; a wedding; a pair of shoes; a flight to Tokyo; a haircut; an ice cream; a piano; a barrel of oil; a newspaper`),
  dish: listed(`
pasta; pizza; pancakes; curry; sushi; lasagna; an omelet; apple pie; chocolate cake; risotto; a salad; bread; tomato soup;
cookies; fried rice; tacos; a burger; dumplings; goulash; paella; a stew; cheesecake; ice cream; hummus`),
  tongue: listed(`
French; German; Spanish; Italian; Japanese; Chinese; Russian; Arabic; Latin; Greek; Dutch; Swedish; Polish; Turkish;
Korean; Hindi; Portuguese; Finnish; Hebrew; Welsh; Swahili; Danish; Czech; Hungarian; Thai; Vietnamese`),
  phrase: listed(`
good morning; thank you; dog; I love you; house; goodbye; my name is Anna; water; where is the station; cat; bread; hello;
how are you; tree; the weather is nice; friend; school; red; one, two, three; book; happy birthday; sun; I am hungry`),
  river: listed(`
the Nile; the Amazon; the Rhine; the Danube; the Thames; the Mississippi; the Volga; the Seine; the Ganges; the Yangtze;
the Loire; the Elbe; the Congo; the Mekong; the Tigris`),
  place: listed(`
the Eiffel Tower; the Great Wall; the White House; the Grand Canyon; the Sahara; the Alps; the Himalayas; the Louvre;
the Colosseum; Big Ben; the Statue of Liberty; Stonehenge; the Pyramids; the Taj Mahal; Niagara Falls; Mount Fuji;
Lake Victoria; the Dead Sea; the Kremlin; the Vatican; Machu Picchu; the Golden Gate Bridge; Loch Ness`),
  sport: listed(`
tennis; football; basketball; golf; hockey; baseball; cricket; rugby; boxing; chess; volleyball; cycling; swimming`),
  year: listed(
    `1066; 1492; 1776; 1789; 1815; 1848; 1871; 1905; 1914; 1929; 1945; 1969; 1989; 2001; 2010; 2016; 2020; 2024`,
  ),
  somebody: listed(`
my brother; my sister; my mother; my father; my neighbor; my teacher; my boss; my dog; my best friend; my cat; my doctor;
the mayor; the president; your neighbor; this man; that woman; my uncle; my grandmother; the king; my cousin; Peter Miller;
Sarah Jones; John Smith; Maria Garcia; David Brown; Julia Weber; Mr. Green; Mrs. White; Dr. Black; Professor Hill`),
  mine: listed(`
my keys; my phone; my glasses; my wallet; my car; my bag; my book; my hat; my other shoe; my umbrella; my passport;
the remote control; my homework; my lunch; my bike; the charger; my pen; my ticket; the cat; my watch; my password`),
  symptom: listed(`
a headache; a fever; a cough; a cold; back pain; a rash; a sore throat; a broken arm; the flu; an allergy; a stomach ache;
high blood pressure; a toothache; an infection; insomnia; dizziness; a burn; a twisted ankle`),
  device: listed(`
my computer; my phone; the printer; the washing machine; my car; the heating; my laptop; the router; the dishwasher;
my bike; the oven; the television; a leaking tap; a flat tire; my watch; a broken window`),
  topic: listed(`
love; spring; the sea; friendship; war; my cat; winter; freedom; time; the moon; a lonely tree; coffee; autumn leaves;
the city at night; a lost key; happiness; my grandmother; silence; rain; hope`),
  program: listed(`
sorts a list; adds two numbers; prints hello; reads a file; counts words; draws a circle; finds prime numbers;
plays chess; sends an email; downloads a page; reverses a text; computes pi; makes a website; solves a maze`),
};

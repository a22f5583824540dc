// Questions whose answers the model cannot know. A wide variety on purpose, so that not knowing becomes
// what happens when nothing fits.

import { listed } from "./english.js";

/** One a line; a slot may occur once. */
export const templates = listed(`
Who was {person}?
Who is {person}?
When was {person} born?
When did {person} die?
Where was {person} born?
How old is {person}?
What did {person} do?
What is {person} famous for?
Tell me about {person}.
Why is {person} famous?
What did {person} say about {subject}?
Who was married to {person}?
What was the first name of {person}?
How tall was {person}?
Where does {person} live?
Is {person} still alive?
What would {person} think of {subject}?
Who wrote {work}?
Who painted {work}?
Who directed {work}?
What is {work} about?
When was {work} made?
How long is {work}?
How does {work} end?
Who is the main character of {work}?
Can you sum up {work}?
Is {work} any good?
Where can I watch {work}?
How many people live in {city}?
What is the population of {city}?
Who is the mayor of {city}?
What is the weather in {city}?
How is the weather in {city} today?
Will it rain in {city} tomorrow?
What time is it in {city}?
How far is it from {city} to the sea?
What should I see in {city}?
Where can I eat in {city}?
Is there a subway in {city}?
How do I get to {city}?
Which river flows through {city}?
When was {city} founded?
What is the best hotel in {city}?
How cold is it in {city}?
Who founded {company}?
Who is the boss of {company}?
When was {company} founded?
What does {company} make?
How many people work at {company}?
What is the share price of {company}?
Where is {company} based?
Should I buy shares of {company}?
How much money does {company} make?
What is the phone number of {company}?
When was {event}?
When did {event} begin?
When did {event} end?
Why did {event} happen?
Who won {event}?
What caused {event}?
Tell me about {event}.
How long did {event} last?
Where did {event} take place?
Who took part in {event}?
What happened after {event}?
What happened in {year}?
Who was president in {year}?
Who won the World Cup in {year}?
Which film won in {year}?
What was invented in {year}?
What was the most popular song of {year}?
Who was born in {year}?
Where were you in {year}?
Explain {subject}.
What is {subject}?
Can you teach me {subject}?
Who invented {subject}?
Give me a lesson in {subject}.
What is the most important thing in {subject}?
Write an essay about {subject}.
I have an exam in {subject}. What should I learn?
Why is {subject} important?
Which book about {subject} should I read?
What are the laws of {subject}?
How does {thing} work?
Who invented {thing}?
When was {thing} invented?
What is inside {thing}?
How is {thing} made?
Explain {thing} to a child.
Why do we need {thing}?
What happens if {thing} fails?
How heavy is {thing}?
Tell me everything about {thing}.
How much does {goods} cost?
What is the price of {goods}?
Where can I buy {goods}?
Is {goods} expensive?
How long do I have to save for {goods}?
Should I buy {goods}?
Can you order {goods} for me?
How do I cook {dish}?
What is the recipe for {dish}?
How long does {dish} take?
What do I need for {dish}?
Give me a recipe for {dish}.
How many calories are in {dish}?
Is {dish} healthy?
Who makes the best {dish}?
How do you say {phrase} in {tongue}?
Translate {phrase} into {tongue}.
What is {tongue} for {phrase}?
What does {phrase} mean in {tongue}?
Please translate this into {tongue}: {phrase}.
Say {phrase} in {tongue}.
How many people speak {tongue}?
Is {tongue} hard to learn?
How long is {river}?
Where does {river} begin?
Into which sea does {river} flow?
Which cities are on {river}?
Can I swim in {river}?
How deep is {river}?
How high is {place}?
How old is {place}?
Who built {place}?
Where is {place}?
How big is {place}?
When was {place} built?
How do I get to {place}?
What does it cost to visit {place}?
Why was {place} built?
How many people visit {place}?
What are the rules of {sport}?
Who is the best player in {sport}?
Who won the last game of {sport}?
How long is a game of {sport}?
How do I get better at {sport}?
When was {sport} invented?
How many players are in a team in {sport}?
Where can I play {sport}?
What is the name of {somebody}?
How old is {somebody}?
Where is {somebody}?
What is {somebody} doing?
What does {somebody} like?
When is the birthday of {somebody}?
Where does {somebody} live?
What did {somebody} eat yesterday?
Who is {somebody}?
Is {somebody} at home?
What color are the eyes of {somebody}?
How tall is {somebody}?
Why is {somebody} late?
What is the phone number of {somebody}?
Does {somebody} like me?
What should I give {somebody} for a present?
How many apples does {somebody} have?
What does {somebody} do for a living?
Where is {mine}?
Where are {mine} now?
Have you seen {mine}?
Where did I leave {mine}?
Who took {mine}?
How much did I pay for {mine}?
What color is {mine}?
Can you find {mine}?
What helps against {symptom}?
What should I do about {symptom}?
Which medicine is good for {symptom}?
Why do I have {symptom}?
Is {symptom} dangerous?
How long does {symptom} last?
Should I see a doctor with {symptom}?
Do I have {symptom}?
How do I repair {device}?
Why does {device} not work?
How do I turn on {device}?
What is wrong with {device}?
How old is {device}?
Who can fix {device}?
Write a poem about {topic}.
Write a song about {topic}.
Write a letter about {topic}.
Write a speech about {topic}.
What do you think about {topic}?
What is the meaning of {topic}?
Give me a quote about {topic}.
Write a haiku about {topic}.
Write a program that {program}.
Write code that {program}.
Write a Python function that {program}.
How do I write a program that {program}?
Show me a script that {program}.
Which app {program}?
What time is it?
What is the time?
Can you tell me the time?
What day is it today?
What is the date today?
What is today's date?
Which year is it?
What month is it now?
Is it raining?
Will it snow tomorrow?
How warm is it outside?
What is the weather like?
What is the temperature?
Who is the president?
Who is the king of England?
Who is the prime minister?
What is in the news?
What happened today?
Who won the game yesterday?
What is on TV tonight?
What is my name?
Where do I live?
How old am I?
What am I thinking?
What did I eat today?
What is my favorite color?
What is my password?
When is my birthday?
How much money do I have?
Do you know my phone number?
What am I wearing?
What is in my bag?
Where am I?
Who am I?
What will happen tomorrow?
What are the lottery numbers?
Will I be rich?
Who will win the election?
When will the world end?
What is the meaning of life?
Is there a god?
Why is the sky blue?
Why is grass green?
Why do cats purr?
How many stars are there?
How many people are there in the world?
How far is the moon?
How hot is the sun?
How old is the universe?
How fast is light?
How big is the universe?
How deep is the ocean?
How many bones does a person have?
How many hairs are on a head?
How long does a person live?
Why do we dream?
Why do people sleep?
What causes thunder?
What is the speed of sound?
How do birds fly?
Where do babies come from?
Are there aliens?
Which came first, the chicken or the egg?
Who invented the wheel?
Who discovered America?
Who was the first man on the moon?
How many countries are there?
How many languages are there?
What is the longest river?
What is the tallest building?
What is the oldest city?
What is the most spoken language?
What is the biggest city in the world?
What is the richest country?
What is the best movie?
What is the best song?
Which car is the best?
Which phone should I buy?
What should I wear today?
What should I cook tonight?
Where should I go on vacation?
Should I get married?
How do I lose weight?
How do I get rich?
How do I make friends?
How can I sleep better?
How do I learn faster?
How do I tie a tie?
How do I get a job?
How do I write a resume?
How do I file my taxes?
Can you book a flight?
Can you call a taxi?
Set an alarm for seven.
Remind me to call home.
Play some music.
Turn off the light.
Send an email to my boss.
Order a pizza.
Open the door.
Show me a map.
Draw a cat.
Read this file.
Summarize this text.
Fix this code.
What does this error mean?
What is the chemical formula of water?
What is the chemical symbol of gold?
What is the atomic number of iron?
What is the square root of 2?
What is pi?
What is the largest prime number?
What is a derivative?
What is the integral of x?
Prove that there are infinitely many primes.
Solve x + 3 = 7.
What is the area of a circle?
What is the boiling point of iron?
How many calories should I eat?
What is the exchange rate of the dollar?
What is Bitcoin worth?
How do I invest my money?
What is the best investment?
Who owns the moon?
Who let the dogs out?
How much wood could a woodchuck chuck?
What is the airspeed of a swallow?
What rhymes with orange?
What is behind you?
What is the password?
What is the secret?
Tell me a secret.
Tell me something I do not know.
Tell me the truth.
Guess my age.
Guess what I am thinking.
Guess a number.
What number am I thinking of?
`);

// Everyday words: for lists, spelling and counting. Lower case, three to ten letters.

import { listed } from "./english.js";

const animals = `
ant; bear; bee; bird; camel; cat; cow; crab; deer; dog; donkey; duck; eagle; elephant; fish; fox; frog; goat; goose;
hen; horse; lion; monkey; mouse; owl; parrot; penguin; pig; rabbit; rat; seal; shark; sheep; snail; snake; spider;
swan; tiger; turtle; whale; wolf; zebra`;

const food = `
apple; banana; bean; bread; butter; cake; carrot; cheese; cherry; cookie; corn; egg; grape; honey; lemon; melon; milk;
mushroom; nut; onion; orange; pea; peach; pear; pepper; pizza; plum; potato; rice; salad; salt; soup; strawberry;
sugar; tea; tomato; water`;

const things = `
bag; ball; basket; bed; bell; bike; boat; book; bottle; box; bread; brush; bus; button; candle; car; chair; clock; coat;
coin; cup; door; drum; fork; glass; hammer; hat; house; key; kite; knife; ladder; lamp; letter; map; mirror; needle;
paper; pen; pencil; phone; picture; pillow; plate; pot; ring; rope; shell; ship; shirt; shoe; spoon; stamp; table;
tent; ticket; towel; toy; train; umbrella; wheel; window`;

const nature = `
beach; cloud; desert; fire; flower; forest; garden; grass; hill; island; lake; leaf; moon; mountain; ocean; rain; river;
rock; sand; sea; sky; snow; star; stone; storm; street; sun; tree; valley; wind; wood`;

const people = `
arm; back; doctor; ear; eye; face; farmer; finger; foot; friend; hair; hand; head; heart; king; knee; leg; mouth; nose;
nurse; pilot; queen; sister; teacher; tooth`;

const rest = `
blue; brown; green; red; white; black; yellow; big; small; old; new; happy; kind; cold; warm; day; night; week; year;
school; story; song; game; gold; silver; winter; summer; spring; morning; number; word; world; music; color; circle`;

/** About 250 words, each once. */
export function nouns(): string[] {
  return [...new Set([animals, food, things, nature, people, rest].flatMap(listed))];
}

/** Words that make natural lists. */
export function thingWords(): string[] {
  return [...new Set([animals, food, things, nature].flatMap(listed))];
}

/** [one, many] of what people count in word problems. */
export const countables: readonly [string, string][] = [
  "apple pear plum egg cake coin book card pen shell stone toy ball stamp flower button marble sticker balloon orange",
  "nut candle key cookie ticket hat cup lemon carrot star",
]
  .flatMap((line) => line.split(" "))
  .map((word) => [word, `${word}s`]);

// Names of people and story animals, and the pronouns that go with them.

export const heNames = ["Tom", "Ben", "Max", "Leo", "Sam", "Tim", "Jack", "Dan", "Paul", "Adam", "Luke", "Noah"];
export const sheNames = ["Mia", "Anna", "Lily", "Zoe", "Eva", "Kate", "Amy", "Sue", "Emma", "Nora", "Ella", "Ruth"];
/** Those of stories, unless another is asked for. */
export const names = [...heNames, ...sheNames];

const moreHeNames = (
  "John Bob Peter James Mark David Michael Thomas Daniel Henry Oscar Felix Simon Martin Frank George Alex Carlos Omar " +
  "Ivan Karl Hugo Eric Jim Joe Bill Fred Ali Ryan Kevin"
).split(" ");
const moreSheNames = (
  "Mary Alice Sarah Julia Laura Maria Jane Lisa Sophie Olivia Grace Clara Helen Linda Susan Nina Rosa Lena Marie Ida " +
  "Vera Tina Jenny Betty Carol Diana Fiona Hannah Irene Paula"
).split(" ");

/** Those of stories and others that people use. */
export const allNames = [...names, ...moreHeNames, ...moreSheNames];

export interface Pronouns {
  he: string;
  his: string;
  him: string;
}

export function pronounsOf(name: string): Pronouns {
  return heNames.includes(name) || moreHeNames.includes(name)
    ? { he: "he", his: "his", him: "him" }
    : { he: "she", his: "her", him: "her" };
}

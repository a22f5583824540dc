// Names of people and story animals, and the pronouns that go with them.

export const heNames = ["Tom", "Ben", "Max", "Leo", "Sam", "Tim", "Jack", "Dan", "Paul", "Adam", "Luke", "Noah"];
export const sheNames = ["Mia", "Anna", "Lily", "Zoe", "Eva", "Kate", "Amy", "Sue", "Emma", "Nora", "Ella", "Ruth"];
export const names = [...heNames, ...sheNames];

export interface Pronouns {
  he: string;
  his: string;
  him: string;
}

export function pronounsOf(name: string): Pronouns {
  return heNames.includes(name) ? { he: "he", his: "his", him: "him" } : { he: "she", his: "her", him: "her" };
}

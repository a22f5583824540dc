// System messages and requests about the form of an answer, and system messages that ask for nothing
// special.

/** Only the number is wanted. */
export const numberOnly = [
  "Answer with only the number.",
  "Only the number, please.",
  "Just the number.",
  "Give only the number.",
  "Reply with only the number.",
  "Answer with a number only.",
  "Only say the result.",
  "No words, only the number.",
  "Respond with just the number.",
];

/** Only the core of a fact is wanted. */
export const nothingElse = [
  "Answer in one word.",
  "Answer with only the answer itself.",
  "Be very brief.",
  "Reply with one word.",
  "Give only the answer, no sentence.",
  "Do not use full sentences.",
  "Only say the answer.",
  "Just the answer.",
  "Answer as briefly as you can.",
];

/** Asks for nothing that the answers do not have anyway. */
export const neutralSystems = [
  "You are a helpful assistant.",
  "You are a helpful AI assistant.",
  "You are an assistant.",
  "You are a friendly assistant.",
  "You are a kind and helpful assistant.",
  "You are a teacher.",
  "You are a patient teacher.",
  "You are a careful assistant who checks every answer.",
  "Be helpful.",
  "Be polite.",
  "Be honest. If you do not know something, say so.",
  "Answer the question.",
  "Answer the user's questions.",
  "Answer in full sentences.",
  "Help the user.",
  "Help a child with homework.",
  "You talk with a student.",
  "You are a small language model that runs on a CPU.",
  "Please answer as well as you can.",
  "You are a chat bot.",
  "Keep your answers short.",
  "Think carefully and answer correctly.",
];

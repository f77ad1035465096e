// What a clone of the project has and this file has not: one line that says where to get it.

/** Words of `npm run`, for whoever tries them here. */
const WORDS = ["demo", "bench"];

/** The line for one of them asked for, or "" when the arguments name none. */
export function onlyOnNode(name: string, args: string[]): string {
  const word = args[0];
  if (word === undefined || WORDS.indexOf(word) < 0) return "";
  return `${name}: ${word} needs Node.js and a clone of the project: npm run ${word}, see README.md\n`;
}

// Completion for three shells, all by the same rule: the words before the first flag say which command it is; what may come
// next is its next word, its flags, or the value of the flag just typed.

import type { CommandLine, Flag } from "./command-lines.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

interface Candidate {
  readonly word: string;
  readonly meaning: string;
}

/** What may follow a beginning. */
interface Place {
  readonly program: string;
  /** The words typed so far, joined by blanks. */
  readonly path: string;
  readonly next: readonly Candidate[];
  readonly flags: readonly Flag[];
}

const ROOT_FLAGS: readonly Flag[] = [
  { name: "--help", value: "nothing", meaning: "print the commands" },
  { name: "--version", value: "nothing", meaning: "print the version" },
];

/** Every beginning of every line, the longest first, so that the first that fits is the right one. */
function places(lines: readonly CommandLine[]): Place[] {
  const found = new Map<
    string,
    { next: Map<string, string>; flags: Flag[]; program: string; path: string }
  >();
  const at = (program: string, path: string) => {
    const key = `${program} ${path}`;
    const place = found.get(key) ?? { program, path, next: new Map<string, string>(), flags: [] as Flag[] };
    found.set(key, place);
    return place;
  };
  at("subnetra", "").flags.push(...ROOT_FLAGS);
  for (const { program, words, summary, flags } of lines) {
    for (let i = 0; i < words.length; i++) {
      const next = at(program, words.slice(0, i).join(" ")).next;
      const last = i === words.length - 1;
      if (last || !next.has(words[i]!)) next.set(words[i]!, last ? summary : `${words[i]} …`);
    }
    at(program, words.join(" ")).flags.push(...flags);
  }
  return [...found.values()]
    .map((place) => ({ ...place, next: [...place.next].map(([word, meaning]) => ({ word, meaning })) }))
    .sort((a, b) => b.path.length - a.path.length);
}

/** A word as all three shells read it literally. */
const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

const pattern = ({ path }: Place) => (path === "" ? "*" : `${quote(`${path} `)}*`);

function bash(all: readonly Place[]): string {
  const cases = (program: string) => {
    const own = all.filter((place) => place.program === program);
    const values = own.flatMap((place) =>
      place.flags.flatMap(({ name, value }) => {
        if (value === "nothing") return [];
        const reply = value === "file" ? "-f" : value === "word" ? "-W ''" : `-W ${quote(value.join(" "))}`;
        const line = `${pattern(place)}' ${name}'`;
        return [`    ${line}) compgen_args=(${reply}) ;;\n`];
      }),
    );
    const words = own.map((place) => {
      const list = [...place.next.map(({ word }) => word), ...place.flags.map(({ name }) => name)];
      return `    ${pattern(place)}) compgen_args=(-W ${quote(list.join(" "))}) ;;\n`;
    });
    return { values: values.join(""), words: words.join("") };
  };
  const one = (program: string) => {
    const { values, words } = cases(program);
    return `_${program}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} path="" i
  local -a compgen_args=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in -*) break ;; *) path+="\${COMP_WORDS[i]} " ;; esac
  done
  case "$path $prev" in
${values}  esac
  [ \${#compgen_args[@]} -gt 0 ] || case "$path" in
${words}  esac
  mapfile -t COMPREPLY < <(compgen "\${compgen_args[@]}" -- "$cur")
}
complete -o filenames -F _${program} ${program}
`;
  };
  return `# Completion of subnetra and subnetrad for bash: source it, or see subnetra(1).\n\n${one("subnetra")}\n${one("subnetrad")}`;
}

function zsh(all: readonly Place[]): string {
  const describe = ({ word, meaning }: Candidate) => quote(`${word.replaceAll(":", "\\:")}:${meaning}`);
  const lines = all.map((place) => {
    const list = [...place.next, ...place.flags.map(({ name, meaning }) => ({ word: name, meaning }))];
    return `    ${quote(`${place.program} `)}${place.path === "" ? "" : quote(`${place.path} `)}*) list=(${list.map(describe).join(" ")}) ;;\n`;
  });
  const values = all.flatMap((place) =>
    place.flags.flatMap(({ name, value }) => {
      if (value === "nothing") return [];
      const action =
        value === "file" ? "_files" : value === "word" ? "_message value" : `compadd -- ${value.join(" ")}`;
      const path = place.path === "" ? "" : quote(`${place.path} `);
      return [`    ${quote(`${place.program} `)}${path}*' ${name}') ${action}; return ;;\n`];
    }),
  );
  return `#compdef subnetra subnetrad
# Completion of subnetra and subnetrad for zsh: lies in a folder of fpath under the name _subnetra.

_subnetra() {
  local path_="\${words[1]:t} " i
  local -a list
  for ((i = 2; i < CURRENT; i++)); do
    case \${words[i]} in (-*) break ;; (*) path_+="\${words[i]} " ;; esac
  done
  case "$path_ \${words[CURRENT - 1]}" in
${values.join("")}  esac
  case "$path_" in
${lines.join("")}  esac
  _describe -V word list
}

if [ "$funcstack[1]" = "_subnetra" ]; then _subnetra "$@"; else compdef _subnetra subnetra subnetrad; fi
`;
}

function fish(all: readonly Place[]): string {
  const lines = all.flatMap((place) => {
    const when = `__subnetra_at ${place.path === "" && place.program === "subnetra" ? "''" : quote(place.path)}`;
    const head = `complete -c ${place.program} -f -n ${quote(when.replaceAll("'", '"'))}`;
    return [
      ...place.next.map(({ word, meaning }) => `${head} -a ${quote(word)} -d ${quote(meaning)}\n`),
      ...place.flags.map(({ name, value, meaning }) => {
        const option = `${head} -l ${name.slice(2)}`;
        const follows =
          value === "nothing"
            ? ""
            : value === "file"
              ? " -r -F"
              : value === "word"
                ? " -x"
                : ` -x -a ${quote(value.join(" "))}`;
        return `${option}${follows} -d ${quote(meaning)}\n`;
      }),
    ];
  });
  return `# Completion of subnetra and subnetrad for fish: lies in a folder of completions under the program's name.

function __subnetra_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l path
    for word in $words
        string match -q -- '-*' $word; and break
        set -a path $word
    end
    test "$path" = "$argv[1]"
end

${lines.join("")}`;
}

/** The script for a shell. */
export function completionScript(shell: Shell, lines: readonly CommandLine[]): string {
  const all = places(lines);
  return shell === "bash" ? bash(all) : shell === "zsh" ? zsh(all) : fish(all);
}

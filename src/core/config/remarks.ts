// What is odd about a configuration without being wrong: noted while the document is read, judged by warnings.ts.

import type { JsonReader } from "../json/reader.ts";

/** Notes of one sort that are kept; of a longer list the rest is counted. */
export const MAX_REMARKS = 16;

export interface UnknownField {
  /** Path of the object that has it: "" or `peers[2]`. */
  readonly path: string;
  readonly name: string;
}

/** Beginnings of names that nobody takes for settings: notes, switched-off fields, `$schema`. */
const NOTE_MARKS = "_$#/";

export class Remarks {
  /** Lines about the file's mode and owner. */
  access = "";
  readonly unknownFields: UnknownField[] = [];
  unknownCount = 0;
  /** Properties of the document whose field was given another value than that of an absent one. */
  readonly given: { [property: string]: true } = {};

  /** Notes the unknown field whose name the reader has just read. */
  unknown(path: string, reader: JsonReader): void {
    if (reader.field !== "" && NOTE_MARKS.indexOf(reader.field.charAt(0)) >= 0) return;
    this.unknownCount++;
    if (this.unknownFields.length < MAX_REMARKS) this.unknownFields.push({ path, name: reader.fieldName() });
  }
}

// Reads a JSON object by a table of fields, and converts what was read. Knows no field by name.

import { subnetraError } from "../errors.ts";
import { JsonReader } from "../json/reader.ts";
import type { Earlier, Kind } from "./kinds.ts";
import type { Remarks } from "./remarks.ts";

/** A JSON reader that also notes what is not wrong, but odd. */
export class DocumentReader extends JsonReader {
  readonly remarks: Remarks;

  constructor(bytes: Uint8Array, length: number, remarks: Remarks) {
    super(bytes, length);
    this.remarks = remarks;
  }
}

/** One field of the configuration. */
export interface Field<Raw, Value> {
  /** Its name in the document. */
  readonly name: string;
  readonly kind: Kind<Raw, Value>;
  /** What counts as read when the field is absent. */
  readonly absent: Raw;
}

export function field<Raw, Value>(name: string, kind: Kind<Raw, Value>, absent: Raw): Field<Raw, Value> {
  return { name, kind, absent };
}

/** Fields by the property that holds the value, in the order in which values are judged. */
export interface FieldTable {
  readonly [property: string]: Field<unknown, unknown>;
}

/** The values of a table's fields. */
export type Values<T> = {
  readonly [P in keyof T]: T[P] extends Field<infer _, infer Value> ? Value : never;
};

/** A table with what a reader of many objects needs at hand. */
export class Layout {
  readonly properties: string[];
  readonly fields: Field<unknown, unknown>[] = [];
  readonly names: string[] = [];

  constructor(table: FieldTable) {
    this.properties = Object.keys(table);
    for (let i = 0; i < this.properties.length; i++) {
      const of = table[this.properties[i]!]!;
      this.fields.push(of);
      this.names.push(of.name);
    }
  }

  /** What a document without any field gives. */
  absent(): unknown[] {
    const raws: unknown[] = [];
    for (let i = 0; i < this.fields.length; i++) raws.push(this.fields[i]!.absent);
    return raws;
  }

  /** Reads an object whose own path is `path` into `raws`. Unknown fields are noted and skipped. @throws DuplicateField … */
  read(reader: DocumentReader, path: string, raws: unknown[]): void {
    const seen: boolean[] = [];
    reader.beginObject();
    for (;;) {
      reader.tokens.path = path;
      if (!reader.nextField()) return;
      const index = this.names.indexOf(reader.field);
      if (index < 0) {
        reader.remarks.unknown(path, reader);
        reader.skipValue();
        continue;
      }
      reader.tokens.path = path === "" ? reader.field : `${path}.${reader.field}`;
      if (seen[index]) throw subnetraError("DuplicateField", reader.tokens.path, "the field is given twice");
      seen[index] = true;
      raws[index] = this.fields[index]!.kind.read(reader);
    }
  }

  /** The values of what was read; the first error wins. @param prefix what stands before the names in a path */
  convert(raws: unknown[], prefix: string): Earlier {
    const values: { [property: string]: unknown } = {};
    for (let i = 0; i < raws.length; i++) {
      const { name, kind } = this.fields[i]!;
      values[this.properties[i]!] = kind.convert(raws[i], prefix + name, values);
    }
    return values;
  }
}

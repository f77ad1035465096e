// `subnetrad --check`: what is wrong, then what is odd (daemon-cli.md §1, config.md §11).

import type { Remarks } from "./config/remarks.ts";
import type { Config } from "./config/values.ts";
import { Warnings, warnOfUnknownFields, warnOfValues } from "./config/warnings.ts";
import { isSubnetraError } from "./errors.ts";
import type { Host } from "./host.ts";
import { loadSavedRules } from "./policy/saved-rules.ts";
import { oneLine } from "./printable.ts";
import { addInitialRules, layOutEngine } from "./setup.ts";
import { StartFailure } from "./start-failure.ts";

/** The warnings of one check. */
export class Check {
  private readonly host: Host;
  private readonly remarks: Remarks;
  private readonly warnings = new Warnings();

  /** @param remarks what is noted while the configuration is read */
  constructor(host: Host, remarks: Remarks) {
    this.host = host;
    this.remarks = remarks;
  }

  /**
   * Checks a configuration and its saved rules. Wipes its keys.
   *
   * @param savedRules path of the rules that a start would read, or null
   * @param recommendedMtu see warnOfValues
   * @throws StartFailure
   */
  run(config: Config, savedRules: string | null, recommendedMtu: number): void {
    this.addReadersRemarks();
    warnOfValues(this.warnings, config, this.remarks, recommendedMtu);
    layOutEngine(this.host, config);
    addInitialRules(this.host, config);
    if (savedRules !== null) this.readSavedRules(savedRules);
  }

  /** The failure of a check, with what may explain it behind it. */
  failure(error: StartFailure): StartFailure {
    if (this.warnings.count === 0) this.addReadersRemarks();
    return new StartFailure(error.text + this.warnings.text);
  }

  get text(): string {
    return this.warnings.text;
  }

  get count(): number {
    return this.warnings.count;
  }

  private addReadersRemarks(): void {
    this.warnings.addLines(this.remarks.access);
    warnOfUnknownFields(this.warnings, this.remarks);
  }

  /** A file that is not there yet is none that is wrong: `subnetra save` makes it. */
  private readSavedRules(path: string): void {
    try {
      loadSavedRules(this.host, path);
    } catch (error) {
      if (!isSubnetraError(error)) throw error;
      this.warnings.add(`policy_file ${oneLine(path)}: ${error.code}, ${error.detail}`);
    }
  }
}

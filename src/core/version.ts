/** The release, equal to the version in package.json (a unit test compares them). */
export const VERSION = "0.10.0";

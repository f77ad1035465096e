import {
  EACCES,
  EADDRINUSE,
  EBUSY,
  EINVAL,
  EIO,
  EISDIR,
  ENAMETOOLONG,
  ENOENT,
  ENOSPC,
  EPERM,
  EROFS,
} from "./sys.ts";

/** What the system's refusal means, for an error line: the field's words where known, else the number. */
export function errnoText(errno: number): string {
  switch (errno) {
    case EPERM:
      return "operation not permitted";
    case ENOENT:
      return "no such file or directory";
    case EIO:
      return "input/output error";
    case EACCES:
      return "permission denied";
    case EBUSY:
      return "device or resource busy";
    case EISDIR:
      return "is a directory";
    case EINVAL:
      return "invalid argument";
    case ENOSPC:
      return "no space left on device";
    case EROFS:
      return "read-only file system";
    case ENAMETOOLONG:
      return "name too long";
    case EADDRINUSE:
      return "address already in use";
    default:
      return `errno ${errno}`;
  }
}

// Usage texts of the subnetra client, control-protocol.md §8.

export const CLIENT_USAGE = `usage: subnetra status [--json] | policy show | save
       subnetra policy add --src CIDR --dst CIDR --action forward --target ID   (or --action drop)
`;

export const CLIENT_HELP = `${CLIENT_USAGE}
  status        peers, traffic and drop counters of the running daemon; --json for programs
  policy show   the policy table, one rule per line in the form of "policy add"
  policy add    append a rule; target 0 delivers to this node's own interface
  save          write the policy table to <socket>.policy, to be read again with subnetrad --policy
  -h, --help    print this text
  -V, --version print the version

Environment: SUBNETRA_SOCK (control socket of the daemon)

Examples:
  subnetra status --json
  subnetra policy add --src 0.0.0.0/0 --dst 192.168.2.0/24 --action forward --target 2
  subnetra policy add --src 0.0.0.0/0 --dst 192.168.2.9/32 --action drop
`;

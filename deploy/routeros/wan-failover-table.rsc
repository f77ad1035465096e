# Two ways to the hub by a routing table of its own (never together with wan-failover-distance.rsc).
#
# The table's only route is the hub's /32 over the main WAN. A mangle rule in the output chain marks the router's own probe of
# the hub into it, so the probe tests that path whatever traffic takes. Netwatch pings the hub every 15 s and moves the
# main route's distance to 10 and back to 1.

:local tag "subnetra-failover"
:local hub "203.0.113.10"
:local main "198.51.100.1"
:local backup "192.0.2.1"
:local table "subnetra-main"

:if ([:len [/routing/table/find where name=$table]] = 0) do={
  /routing/table/add name=$table fib comment=($tag . "-table")
}
:if ([:len [/ip/route/find where comment=($tag . "-probe")]] = 0) do={
  /ip/route/add dst-address=($hub . "/32") gateway=$main routing-table=$table comment=($tag . "-probe")
}
:if ([:len [/ip/firewall/mangle/find where comment=($tag . "-mark")]] = 0) do={
  /ip/firewall/mangle/add chain=output dst-address=$hub protocol=icmp action=mark-routing \
    new-routing-mark=$table passthrough=no comment=($tag . "-mark")
}
:if ([:len [/ip/route/find where comment=($tag . "-main")]] = 0) do={
  /ip/route/add dst-address=($hub . "/32") gateway=$main distance=1 comment=($tag . "-main")
}
:if ([:len [/ip/route/find where comment=($tag . "-backup")]] = 0) do={
  /ip/route/add dst-address=($hub . "/32") gateway=$backup distance=2 comment=($tag . "-backup")
}
:if ([:len [/tool/netwatch/find where comment=$tag]] = 0) do={
  /tool/netwatch/add host=$hub type=icmp interval=15s timeout=2s comment=$tag \
    down-script="/ip/route/set [find where comment=\"$tag-main\"] distance=10" \
    up-script="/ip/route/set [find where comment=\"$tag-main\"] distance=1"
}

# Two ways to the hub, the better one first (the recommended variant; never together with wan-failover-table.rsc).
#
# The daemon's socket is bound to no interface: which WAN its datagrams take is the router's decision. One /32 to the hub
# over the WAN that reaches it now, at distance 1, the other at distance 2, and a probe of the hub itself: gateway checks and
# targets elsewhere in the Internet miss an outage between this WAN and the hub. The probe has a route of its own, so that
# it tests the first way even while traffic takes the second. The hub learns the new source with the next keepalive.

:local tag "subnetra-failover"
:local hub "203.0.113.10"
:local main "198.51.100.1"
:local backup "192.0.2.1"
# An address of the main WAN's interface: the probe leaves through it.
:local mainInterface "ether1"
:local table "subnetra-probe"

:if ([:len [/ip/route/find where comment=($tag . "-main")]] = 0) do={
  /ip/route/add dst-address=($hub . "/32") gateway=$main distance=1 comment=($tag . "-main")
}
:if ([:len [/ip/route/find where comment=($tag . "-backup")]] = 0) do={
  /ip/route/add dst-address=($hub . "/32") gateway=$backup distance=2 comment=($tag . "-backup")
}
:if ([:len [/routing/table/find where name=$table]] = 0) do={
  /routing/table/add name=$table fib comment=($tag . "-table")
}
:if ([:len [/ip/route/find where comment=($tag . "-probe")]] = 0) do={
  /ip/route/add dst-address=($hub . "/32") gateway=$main routing-table=$table comment=($tag . "-probe")
}
:if ([:len [/routing/rule/find where comment=($tag . "-rule")]] = 0) do={
  # Only what the router sends with the main WAN's own address: netwatch below.
  /routing/rule/add src-address=[/ip/address/get [find where interface=$mainInterface] address] \
    dst-address=($hub . "/32") action=lookup-only-in-table table=$table comment=($tag . "-rule")
}
:if ([:len [/tool/netwatch/find where comment=$tag]] = 0) do={
  :local source [/ip/address/get [find where interface=$mainInterface] address]
  /tool/netwatch/add host=$hub type=icmp interval=15s timeout=2s comment=$tag \
    src-address=[:pick $source 0 [:find $source "/"]] \
    down-script="/ip/route/set [find where comment=\"$tag-main\"] distance=10" \
    up-script="/ip/route/set [find where comment=\"$tag-main\"] distance=1"
}

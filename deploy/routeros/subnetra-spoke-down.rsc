# Removes what subnetra-spoke-up.rsc made, in the reverse order. May be run again. The veth stays unless told otherwise;
# the configuration's folder stays in any case.

:local tag "subnetra-routeros-spoke"
:local removeVeth false

:if ([:len [/container/find where comment=$tag]] > 0) do={
  :do { /container/stop [find where comment=$tag] } on-error={}
  :delay 2s
  /container/remove [find where comment=$tag]
  :delay 2s
}
/container/mounts/remove [find where list=$tag]
/container/envs/remove [find where list=$tag]
/ip/route/remove [find where comment=($tag . "-overlay")]
/ip/firewall/nat/remove [find where comment=($tag . "-self-snat")]
:if ($removeVeth) do={
  /ip/address/remove [find where comment=($tag . "-veth")]
  /interface/veth/remove [find where comment=($tag . "-veth")]
}
:put "subnetra: removed"

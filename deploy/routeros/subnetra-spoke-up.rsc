# Subnetra as a container on RouterOS v7: a spoke that brings its interface up itself.
#
# Before: package "container", device mode that allows containers, the image file and the configuration on a disk:
#   <root>-config/config.json        role spoke, local_tun_ip, allowed_src or remote_routes = the overlay
# Set the values below, then:  /import subnetra-spoke-up.rsc
# May be run again: what is there stays. Every object carries a comment that begins with the tag; subnetra-spoke-down.rsc
# removes these and nothing else.

:local tag "subnetra-routeros-spoke"
:local veth "subnetra-veth"
:local containerAddress "172.30.66.2/30"
:local routerAddress "172.30.66.1/30"
:local gateway "172.30.66.1"
:local container "172.30.66.2"
# Must equal virtual_subnet of the configuration.
:local overlay "10.66.0.0/24"
# What this site publishes; must equal the hub's allowed_src for this spoke (besides the overlay address).
:local lan "192.168.88.0/24"
:local lanAddress "192.168.88.1"
:local image "disk1/subnetra-image-legacy.tar"
:local root "disk1/subnetra"
# true: pings of the router itself into the overlay go out with its LAN address. Never for the whole LAN: answers
# would end in the container.
:local selfSnat false

:if ([:len [/interface/veth/find where name=$veth]] = 0) do={
  /interface/veth/add name=$veth address=$containerAddress gateway=$gateway comment=($tag . "-veth")
}
:if ([:len [/ip/address/find where interface=$veth]] = 0) do={
  /ip/address/add address=$routerAddress interface=$veth comment=($tag . "-veth")
}
:if ([:len [/ip/route/find where comment=($tag . "-overlay")]] = 0) do={
  /ip/route/add dst-address=$overlay gateway=$container comment=($tag . "-overlay")
}
:if ([:len [/container/envs/find where list=$tag]] = 0) do={
  /container/envs/add list=$tag key=SUBNETRA_UP value=1
  /container/envs/add list=$tag key=SUBNETRA_SOCK value=/run/subnetra/subnetra.sock
}
:if ([:len [/container/mounts/find where list=$tag]] = 0) do={
  /container/mounts/add list=$tag src=($root . "-config") dst=/etc/subnetra
}
:if ([:len [/container/find where comment=$tag]] = 0) do={
  /container/add file=$image interface=$veth root-dir=$root envlists=$tag mountlists=$tag \
    logging=yes start-on-boot=yes comment=$tag
  # The image is unpacked in the background.
  :local tries 0
  :while (([:len [/container/find where comment=$tag and status=stopped]] = 0) and ($tries < 60)) do={
    :delay 1s
    :set tries ($tries + 1)
  }
}
:if ($selfSnat and ([:len [/ip/firewall/nat/find where comment=($tag . "-self-snat")]] = 0)) do={
  :local before [/ip/firewall/nat/find where chain=srcnat and action=masquerade]
  :if ([:len $before] > 0) do={
    /ip/firewall/nat/add chain=srcnat action=src-nat src-address=$gateway dst-address=$overlay \
      to-addresses=$lanAddress comment=($tag . "-self-snat") place-before=($before->0)
  } else={
    /ip/firewall/nat/add chain=srcnat action=src-nat src-address=$gateway dst-address=$overlay \
      to-addresses=$lanAddress comment=($tag . "-self-snat")
  }
}
/container/start [find where comment=$tag]

:put "subnetra: started. To see it work:"
:put "  /container/print where comment=$tag"
:put "  /log/print where topics~\"container\""
:put "  /ip/route/print where comment~\"$tag\""
:put ("  /ping address of another spoke in " . $overlay . " from a host of " . $lan)

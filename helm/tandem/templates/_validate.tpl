{{/* What the schema cannot say: every contradiction at once, one sentence each, with what to write instead. */}}
{{- define "tandem.validate" -}}
{{- $problems := list -}}
{{- range list "tandem.validate.names" "tandem.validate.pools" "tandem.validate.exposure" "tandem.validate.sharedNodes" "tandem.validate.drachtio" "tandem.validate.tls" "tandem.validate.topology" "tandem.validate.state" "tandem.validate.secrets" "tandem.validate.scaling" "tandem.validate.network" -}}
{{- $problems = concat $problems (include . $ | fromJsonArray) -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "\n\n%d thing(s) to change in the values:\n\n- %s\n" (len $problems) (join "\n- " $problems)) -}}
{{- end -}}
{{- end -}}

{{- define "tandem.validate.names" -}}
{{- $problems := list -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" (include "tandem.fullname" .)) -}}
{{- $problems = append $problems (printf "Names of Services begin with a letter and have lower-case letters, digits and dashes, and here they would begin with %s: choose another name of the release, or set fullnameOverride." (include "tandem.fullname" .)) -}}
{{- end -}}
{{- $labels := include "tandem.labels" (dict "root" (mustMergeOverwrite (dict) (omit . "Values") (dict "Values" (omit .Values "commonLabels"))) "component" "x" "pool" "x") | fromYaml -}}
{{- range $label, $value := .Values.commonLabels -}}
{{- if hasKey $labels $label -}}{{- $problems = append $problems (printf "commonLabels: %s is a label of the chart's own, by which objects find one another; leave it out." $label) -}}{{- end -}}
{{- end -}}
{{- $problems | toJson -}}
{{- end -}}

{{- define "tandem.validate.pools" -}}
{{- $problems := include "tandem.validate.services" . | fromJsonArray -}}
{{- if not .Values.pools -}}{{- $problems = append $problems "There is no pool: name at least one in pools, with its listeners. For a trial that needs nothing else: --values ci/trial-values.yaml, of the chart's folder." -}}{{- end -}}
{{- $names := list -}}
{{- range $pool := (include "tandem.pools" . | fromJson).pools -}}
{{- if has $pool.name $names -}}{{- $problems = append $problems (printf "Two pools are called %s: give every pool a name of its own." $pool.name) -}}{{- end -}}
{{- $names = append $names $pool.name -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]{0,28}[a-z0-9])?$" $pool.name) -}}{{- $problems = append $problems (printf "Pool %s: a pool's name becomes the name of Kubernetes objects, so it has at most 30 lower-case letters, digits and dashes." $pool.name) -}}{{- end -}}
{{- if or (has $pool.name (list "controller" "control-api" "redis" "media-mixer" "test-peer" "topology" "pools")) (regexMatch "-(edge|edges|worker)$" $pool.name) -}}{{- $problems = append $problems (printf "No pool may be called %s, because its objects would have the names of others of the chart." $pool.name) -}}{{- end -}}
{{- if not $pool.listeners -}}{{- $problems = append $problems (printf "Pool %s has no listeners: it needs at least one, with name, port and transport." $pool.name) -}}{{- end -}}
{{- $sockets := dict -}}
{{- $listeners := list -}}
{{- range $pool.listeners -}}
{{- if has .name $listeners -}}{{- $problems = append $problems (printf "Pool %s has two listeners called %s." $pool.name .name) -}}{{- end -}}
{{- $listeners = append $listeners .name -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]{0,13}[a-z0-9])?$" .name) -}}{{- $problems = append $problems (printf "Pool %s, listener %s: a listener's name becomes the name of a port, so it has at most 15 lower-case letters, digits and dashes." $pool.name .name) -}}{{- end -}}
{{- if has .name (list "edges" "udp" "tcp") -}}{{- $problems = append $problems (printf "Pool %s: no listener may be called %s, because its Service would have the name of another one of the pool's." $pool.name .name) -}}{{- end -}}
{{- if has .name (list "admin" "http" "worker-http") -}}{{- $problems = append $problems (printf "Pool %s: no listener may be called %s, which is the name of one of the pod's own ports." $pool.name .name) -}}{{- end -}}
{{- if lt (int .port) 1024 -}}{{- $problems = append $problems (printf "Pool %s, listener %s: port %d needs a privilege that edges do not have; listen at 1024 or above, and tell peers another port with advertisedPort where a balancer maps it." $pool.name .name (int .port)) -}}{{- end -}}
{{- $socket := printf "%s/%d" (include "tandem.protocol" .transport) (int .port) -}}
{{- if hasKey $sockets $socket -}}{{- $problems = append $problems (printf "Pool %s: the listeners %s and %s share %s; give one of them another port (TLS counts as TCP)." $pool.name (get $sockets $socket) .name $socket) -}}{{- end -}}
{{- $_ := set $sockets $socket .name -}}
{{- $service := printf "%s-%s" (include "tandem.poolName" (dict "root" $ "pool" $pool)) .name -}}
{{- if gt (len $service) 63 -}}{{- $problems = append $problems (printf "The Service %s would have %d characters, and 63 are allowed: shorten the release, the pool or the listener, or set fullnameOverride." $service (len $service)) -}}{{- end -}}
{{- end -}}
{{- $service := include "tandem.edgesService" (dict "root" $ "pool" $pool) -}}
{{- if gt (len $service) 63 -}}{{- $problems = append $problems (printf "The Service %s would have %d characters, and 63 are allowed: shorten the release or the pool, or set fullnameOverride." $service (len $service)) -}}{{- end -}}
{{- $own := dict "edges.ports.admin" $pool.edges.ports.admin -}}
{{- if ne $pool.arrangement "fused" -}}{{- $_ := set $own "edges.ports.http" $pool.edges.ports.http -}}{{- end -}}
{{- if or (eq $pool.arrangement "fused") (eq $pool.placement "together") -}}{{- $_ := set $own "workers.ports.http" $pool.workers.ports.http -}}{{- end -}}
{{- $used := dict -}}
{{- range $what, $port := $own -}}
{{- if hasKey $used (toString (int $port)) -}}{{- $problems = append $problems (printf "Pool %s: %s and %s are both %d; choose another for one of them." $pool.name (get $used (toString (int $port))) $what (int $port)) -}}{{- end -}}
{{- $_ := set $used (toString (int $port)) $what -}}
{{- if hasKey $sockets (printf "TCP/%d" (int $port)) -}}{{- $problems = append $problems (printf "Pool %s: %s (%d) is a listener's port too; choose another." $pool.name $what (int $port)) -}}{{- end -}}
{{- end -}}
{{- if and (eq $pool.arrangement "fused") (eq $pool.placement "together") -}}{{- $problems = append $problems (printf "Pool %s: placement \"together\" is for arrangement \"split\"; a fused pool has one process anyway, leave placement out." $pool.name) -}}{{- end -}}
{{- end -}}
{{- $problems | toJson -}}
{{- end -}}

{{/* Two pools may come to one name by different ways: pool a with listener b-core, pool a-b with listener core. */}}
{{- define "tandem.validate.services" -}}
{{- $problems := list -}}
{{- $own := list -}}
{{- range list "controller" "control-api" "control-api-held" "redis" "media-mixer" "test-peer" -}}{{- $own = append $own (printf "%s-%s" (include "tandem.fullname" $) .) -}}{{- end -}}
{{- $owners := dict -}}
{{- range $pool := (include "tandem.pools" . | fromJson).pools -}}
{{- $name := include "tandem.poolName" (dict "root" $ "pool" $pool) -}}
{{- $services := list (printf "%s-edges" $name) -}}
{{- if or (ne $pool.exposure.type "hostNetwork") $pool.exposure.externalDns -}}{{- $services = append $services $name -}}{{- end -}}
{{- if $pool.exposure.servicePerProtocol -}}{{- $services = concat $services (list (printf "%s-udp" $name) (printf "%s-tcp" $name)) -}}{{- end -}}
{{- range $pool.listeners -}}{{- $services = append $services (printf "%s-%s" $name .name) -}}{{- end -}}
{{- range $services -}}
{{- if has . $own -}}{{- $problems = append $problems (printf "Pool %s would have a Service called %s, which is one of the chart's own: rename the pool or the listener." $pool.name .) -}}{{- end -}}
{{- $owner := default $pool.name (get $owners .) -}}
{{- if ne $owner $pool.name -}}{{- $problems = append $problems (printf "The pools %s and %s would both have a Service called %s: rename a pool or a listener." $owner $pool.name .) -}}{{- end -}}
{{- $_ := set $owners . $owner -}}
{{- end -}}
{{- end -}}
{{- $problems | toJson -}}
{{- end -}}

{{- define "tandem.validate.exposure" -}}
{{- $problems := list -}}
{{- $nodePorts := dict -}}
{{- range $pool := (include "tandem.pools" . | fromJson).pools -}}
{{- $exposure := $pool.exposure -}}
{{- if and (has $exposure.type (list "hostNetwork" "NodePort")) (not (include "tandem.contactHost" (dict "root" $ "pool" $pool))) -}}
{{- $problems = append $problems (printf "Pool %s is reached at several nodes (%s), and peers are told one name in Contact: set its fqdn to a name with the nodes' addresses, or exposure.advertised to the one address where there is one." $pool.name $exposure.type) -}}
{{- end -}}
{{- $protocols := list -}}
{{- range $pool.listeners -}}{{- $protocols = append $protocols (include "tandem.protocol" .transport) -}}{{- end -}}
{{- if and (eq $exposure.type "LoadBalancer") $exposure.servicePerProtocol (gt (len (uniq $protocols)) 1) (not (or $exposure.loadBalancerIP $exposure.sharedAddress)) -}}
{{- $problems = append $problems (printf "Pool %s: exposure.servicePerProtocol makes two balancers, and peers know one name, which cannot lead to the right one of two addresses: give both one address (exposure.loadBalancerIP; or exposure.sharedAddress=true with the annotation by which your balancer shares, such as metallb.io/allow-shared-ip), or leave servicePerProtocol out where one balancer takes UDP and TCP (docs/kubernetes.md has a table)." $pool.name) -}}
{{- end -}}
{{- if and (eq $exposure.type "LoadBalancer") (not $pool.fqdn) (not $exposure.advertised) -}}
{{- $problems = append $problems (printf "Pool %s stands behind a load balancer, whose address nothing here knows: set its fqdn, or exposure.advertised to the balancer's address." $pool.name) -}}
{{- end -}}
{{- if and (eq $exposure.type "ClusterIP") $exposure.servicePerProtocol -}}
{{- $problems = append $problems (printf "Pool %s: exposure.servicePerProtocol is for balancers that cannot mix UDP and TCP; with ClusterIP peers are told the name of the pool's one Service: leave it out." $pool.name) -}}
{{- end -}}
{{- if and $exposure.nodeAddresses (not (has $exposure.type (list "hostNetwork" "NodePort"))) -}}
{{- $problems = append $problems (printf "Pool %s: exposure.nodeAddresses tells the outside address of nodes, so exposure.type has to be hostNetwork or NodePort." $pool.name) -}}
{{- end -}}
{{- if and $exposure.externalDns (not $pool.fqdn) -}}
{{- $problems = append $problems (printf "Pool %s: exposure.externalDns publishes the pool's fqdn, which is not set." $pool.name) -}}
{{- end -}}
{{- if and (eq $pool.edges.kind "DaemonSet") (ne $exposure.type "hostNetwork") -}}
{{- $problems = append $problems (printf "Pool %s: edges.kind DaemonSet (an edge on every chosen node) is for exposure.type hostNetwork." $pool.name) -}}
{{- end -}}
{{- if and (eq $pool.edges.kind "DaemonSet") (eq (include "tandem.onePod" $pool) "true") -}}
{{- $problems = append $problems (printf "Pool %s: edges.kind DaemonSet is for edges in pods of their own (arrangement split, placement apart); where edge and worker are in one pod, workers.replicas says how many, one on a node." $pool.name) -}}
{{- end -}}
{{- if and (eq $pool.edges.kind "DaemonSet") (not $pool.edges.nodeSelector) -}}
{{- $problems = append $problems (printf "Pool %s: a DaemonSet without edges.nodeSelector would put an edge on every node of the cluster; label the nodes that are meant." $pool.name) -}}
{{- end -}}
{{- if eq $exposure.type "NodePort" -}}
{{- range $pool.listeners -}}
{{- if not .nodePort -}}{{- $problems = append $problems (printf "Pool %s, listener %s: with NodePort peers have to be told the port, so set nodePort." $pool.name .name) -}}{{- end -}}
{{- $port := printf "%s/%d" (include "tandem.protocol" .transport) (default 0 .nodePort | int) -}}
{{- if and .nodePort (hasKey $nodePorts $port) -}}{{- $problems = append $problems (printf "Pool %s, listener %s: node port %s is %s's already; choose another." $pool.name .name $port (get $nodePorts $port)) -}}{{- end -}}
{{- $_ := set $nodePorts $port (printf "%s/%s" $pool.name .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $problems | toJson -}}
{{- end -}}

{{/* One edge each on every node of the same selector, so they must not want the same port. */}}
{{- define "tandem.validate.sharedNodes" -}}
{{- $problems := list -}}
{{- $taken := dict -}}
{{- range $pool := (include "tandem.pools" . | fromJson).pools -}}
{{- if and (eq $pool.exposure.type "hostNetwork") (eq $pool.edges.kind "DaemonSet") -}}
{{- $sockets := list (printf "TCP/%d" (int $pool.edges.ports.admin)) (printf "TCP/%d" (int $pool.edges.ports.http)) -}}
{{- range $pool.listeners -}}{{- $sockets = append $sockets (printf "%s/%d" (include "tandem.protocol" .transport) (int .port)) -}}{{- end -}}
{{- range $socket := $sockets -}}
{{- $there := printf "%s on %s" $socket (toJson (list $pool.edges.nodeSelector $pool.edges.affinity)) -}}
{{- $other := default $pool.name (get $taken $there) -}}
{{- if ne $other $pool.name -}}{{- $problems = append $problems (printf "The pools %s and %s have an edge on each of the same nodes (edges.nodeSelector, edges.affinity), and both want %s there: give one of them another port or other nodes." $other $pool.name $socket) -}}{{- end -}}
{{- $_ := set $taken $there $other -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $problems | toJson -}}
{{- end -}}

{{- define "tandem.validate.drachtio" -}}
{{- $problems := list -}}
{{- range $pool := (include "tandem.pools" . | fromJson).pools -}}
{{- if eq $pool.edges.server "drachtio" -}}
{{- $where := printf "Pool %s, edges.server drachtio" $pool.name -}}
{{- if not $pool.edges.drachtio.image -}}{{- $problems = append $problems (printf "%s: name its image in edges.drachtio.image." $where) -}}{{- end -}}
{{- if eq $pool.arrangement "fused" -}}{{- $problems = append $problems (printf "%s: a fused worker is its own edge; use arrangement split." $where) -}}{{- end -}}
{{- $seen := dict -}}
{{- $tls := 0 -}}
{{- range $pool.listeners -}}
{{- if hasKey $seen .transport -}}{{- $problems = append $problems (printf "%s: the listeners %s and %s are both %s, and the server tells workers the transport only; leave one of them." $where (get $seen .transport) .name .transport) -}}{{- end -}}
{{- $_ := set $seen .transport .name -}}
{{- $told := include "tandem.advertisedPort" (dict "pool" $pool "listener" .) | int -}}
{{- if ne $told (int .port) -}}{{- $problems = append $problems (printf "%s, listener %s: the server tells peers the port it listens at (%d) and no other (%d); let them be the same." $where .name (int .port) $told) -}}{{- end -}}
{{- if dig "mutual" false (default dict .tls) -}}{{- $problems = append $problems (printf "%s, listener %s: the server does not tell workers whose certificate it saw, so tls.mutual proves nothing here; use our own edge for this peer." $where .name) -}}{{- end -}}
{{- end -}}
{{- if and (not (has (include "tandem.advertised" (dict "root" $ "pool" $pool)) (list "hostIP" "podIP"))) (or (gt (int $pool.edges.replicas) 1) (ne $pool.edges.autoscaling.type "none")) -}}{{- $problems = append $problems (printf "%s: only the server that has a call knows it, so each needs an address of its own in Contact: set exposure.type hostNetwork, exposure.advertised hostIP or podIP, or edges.replicas 1." $where) -}}{{- end -}}
{{- if and (eq (include "tandem.emergencyPool" (dict "root" $ "pool" $pool) | trim) "true") (not $pool.edges.drachtio.emergency) -}}{{- $problems = append $problems (printf "%s: the pool carries emergency calls (its emergency says so, or the topology, or nothing here tells), and they would end with the server or the worker that has them: give their trunks a pool of our own edges, set emergency: false where there are none, or accept it with edges.drachtio.emergency: true." $where) -}}{{- end -}}
{{- if $pool.exposure.nodeAddresses -}}{{- $problems = append $problems (printf "%s: exposure.nodeAddresses is read by our own edges only; nodes behind address translation need those." $where) -}}{{- end -}}
{{- if eq $pool.edges.autoscaling.type "keda" -}}{{- $problems = append $problems (printf "%s: it has none of the metrics that edges.autoscaling.type keda asks for; use hpa or none." $where) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $problems | toJson -}}
{{- end -}}

{{- define "tandem.validate.tls" -}}
{{- $problems := list -}}
{{- range $pool := (include "tandem.pools" . | fromJson).pools -}}
{{- range $listener := $pool.listeners -}}
{{- $where := printf "Pool %s, listener %s" $pool.name $listener.name -}}
{{- if eq $listener.transport "tls" -}}
{{- $tls := default dict $listener.tls -}}
{{- if not (or $tls.secretName $tls.certificate) -}}{{- $problems = append $problems (printf "%s: transport tls needs tls.secretName (a Secret with tls.crt and tls.key) or tls.certificate (made by cert-manager)." $where) -}}{{- end -}}
{{- if and $tls.certificate (not $pool.fqdn) (not $tls.certificate.dnsNames) -}}{{- $problems = append $problems (printf "%s: a certificate needs a name; set the pool's fqdn or tls.certificate.dnsNames." $where) -}}{{- end -}}
{{- if and $tls.mutual (not (or $tls.caSecretName $tls.privateCa)) -}}{{- $problems = append $problems (printf "%s: tls.mutual accepts whoever a public authority signed; name your peers' authority in tls.caSecretName (key ca.crt), or set tls.privateCa when it is the one of this certificate." $where) -}}{{- end -}}
{{- else if $listener.tls -}}
{{- $problems = append $problems (printf "%s has a tls section, but its transport is %s." $where $listener.transport) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $problems | toJson -}}
{{- end -}}

{{- define "tandem.validate.topology" -}}
{{- $problems := list -}}
{{- $topology := .Values.topology -}}
{{- if and $topology.document $topology.existingConfigMap -}}
{{- $problems = append $problems "topology.document and topology.existingConfigMap are both set: use one." -}}
{{- end -}}
{{- if not (or $topology.document $topology.existingConfigMap .Values.testPeer.enabled (not $topology.publish)) -}}
{{- $problems = append $problems "There is no topology: pass one with --set-file topology.document=topology.yaml, name a ConfigMap in topology.existingConfigMap, set testPeer.enabled for a trial, or topology.publish=false if you publish it through the control API." -}}
{{- end -}}
{{- $listeners := dict -}}
{{- range (include "tandem.pools" . | fromJson).pools -}}
{{- $names := list -}}{{- range .listeners -}}{{- $names = append $names .name -}}{{- end -}}
{{- $_ := set $listeners .name $names -}}
{{- end -}}
{{- $document := include "tandem.topologyDocument" . | fromYaml -}}
{{- if $document.Error -}}
{{- $problems = append $problems (printf "topology.document is not YAML: %s" $document.Error) -}}
{{- else -}}
{{- if hasKey $document "pools" -}}
{{- $problems = append $problems "topology.document has a pools section: take it out. Pools and listeners stand in the chart's pools, and the chart adds them to the document, so that the two cannot disagree." -}}
{{- end -}}
{{- $read := include "tandem.topologyRead" . | fromJson -}}
{{- range $read.misshapen -}}
{{- $problems = append $problems (printf "topology.document: %s has to be a list of mappings, each with its name (docs/topology.md)." .) -}}
{{- end -}}
{{- range $trunk := $read.trunks -}}
{{- $pool := toString (default "" $trunk.pool) -}}
{{- if not (hasKey $listeners $pool) -}}
{{- $problems = append $problems (printf "topology.document: trunk %s is of pool %q, which the chart's pools do not have; they have: %s." (default "?" $trunk.name) $pool (keys $listeners | sortAlpha | join ", ")) -}}
{{- else if not (has (default "" $trunk.listener) (get $listeners $pool)) -}}
{{- $problems = append $problems (printf "topology.document: trunk %s leaves by listener %q, which pool %s does not have; it has: %s." (default "?" $trunk.name) (default "" $trunk.listener) $pool (get $listeners $pool | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $problems | toJson -}}
{{- end -}}

{{- define "tandem.validate.state" -}}
{{- $problems := list -}}
{{- $redis := .Values.redis -}}
{{- $outside := $redis.external -}}
{{- if eq $redis.mode "external" -}}
{{- if not $outside.hosts -}}{{- $problems = append $problems "redis.mode is external: name it in redis.external.hosts (host:port), or use redis.mode=bundled for a trial." -}}{{- end -}}
{{- range $outside.hosts -}}
{{- if not (regexMatch "^(\\[[0-9A-Fa-f:.]+\\]|[^\\s:/@\\[\\]]+):[0-9]{1,5}$" .) -}}{{- $problems = append $problems (printf "redis.external.hosts: %q is not host:port." .) -}}{{- end -}}
{{- end -}}
{{- if and (eq $outside.kind "sentinel") (not $outside.master) -}}{{- $problems = append $problems "redis.external.kind is sentinel: redis.external.master has to name the master set." -}}{{- end -}}
{{- if and (eq $outside.kind "standalone") (gt (len $outside.hosts) 1) -}}{{- $problems = append $problems "redis.external.kind is standalone, but several hosts are named: kind is sentinel or cluster then." -}}{{- end -}}
{{- if and (eq $outside.kind "cluster") (ne (int $outside.db) 0) -}}{{- $problems = append $problems "A Redis Cluster has database 0 only: leave redis.external.db out." -}}{{- end -}}
{{- if and $redis.auth.username (not $redis.auth.existingSecret) -}}{{- $problems = append $problems "redis.auth.username is an ACL user, whose password has to come from redis.auth.existingSecret." -}}{{- end -}}
{{- else -}}
{{- if or $redis.auth.username $redis.auth.usernameKey -}}{{- $problems = append $problems "The bundled Redis has no ACL users: leave redis.auth.username and usernameKey out." -}}{{- end -}}
{{- if $redis.auth.sentinelPasswordKey -}}{{- $problems = append $problems "The bundled Redis has no Sentinels: leave redis.auth.sentinelPasswordKey out." -}}{{- end -}}
{{- end -}}
{{- if not .Values.secrets.generate -}}
{{- $missing := list -}}
{{- if not .Values.secrets.link.existingSecret -}}{{- $missing = append $missing "secrets.link.existingSecret (shared by edges and workers)" -}}{{- end -}}
{{- if not .Values.secrets.apiKeys.existingSecret -}}{{- $missing = append $missing "secrets.apiKeys.existingSecret (name:key,name:key of the control API)" -}}{{- end -}}
{{- if and (eq $redis.mode "bundled") (not $redis.auth.existingSecret) -}}{{- $missing = append $missing "redis.auth.existingSecret" -}}{{- end -}}
{{- if $missing -}}
{{- $problems = append $problems (printf "Secrets come by reference: create them and set %s. For a trial secrets.generate=true makes them (not under GitOps: templates rendered outside the cluster make new ones every time)." (join " and " $missing)) -}}
{{- end -}}
{{- end -}}
{{- $problems | toJson -}}
{{- end -}}

{{/* Keys without the Secret they are of, which would go unread, and the other way round. */}}
{{- define "tandem.validate.secrets" -}}
{{- $problems := list -}}
{{- $controller := .Values.controller -}}
{{- $auth := .Values.redis.auth -}}
{{- if and $auth.username $auth.usernameKey -}}{{- $problems = append $problems "redis.auth.username and usernameKey are both set: use one." -}}{{- end -}}
{{- $outside := dict "existingSecret" $auth.existingSecret -}}
{{- if eq .Values.redis.mode "external" -}}{{- $outside = pick $auth "existingSecret" "usernameKey" "sentinelPasswordKey" -}}{{- end -}}
{{- $users := dict "redis.auth" $outside
      "controller.detailRecords.webhook" (pick $controller.detailRecords.webhook "existingSecret" "signingKey" "tokenKey")
      "controller.emergencyRecords.webhook" (pick $controller.emergencyRecords.webhook "existingSecret" "signingKey" "tokenKey")
      "controller.mail" (pick $controller.mail "existingSecret" "userKey" "passwordKey") -}}
{{- range $where, $user := $users -}}
{{- range $key, $value := omit $user "existingSecret" -}}
{{- if and $value (not $user.existingSecret) -}}{{- $problems = append $problems (printf "%s.%s is a key of the Secret %s.existingSecret, which is not set: name it." $where $key $where) -}}{{- end -}}
{{- end -}}
{{- if and (hasSuffix "webhook" $where) $user.existingSecret (not (or $user.signingKey $user.tokenKey)) -}}
{{- $problems = append $problems (printf "%s.existingSecret is named, and none of its keys: records would go out not signed and without a token; set signingKey, tokenKey or both." $where) -}}
{{- end -}}
{{- end -}}
{{- with $controller.mail -}}
{{- if ne (empty .userKey) (empty .passwordKey) -}}{{- $problems = append $problems "controller.mail.userKey and passwordKey go together: set both, or none for a mail server that asks for no login." -}}{{- end -}}
{{- end -}}
{{- $problems | toJson -}}
{{- end -}}

{{- define "tandem.validate.scaling" -}}
{{- $problems := list -}}
{{- range $pool := (include "tandem.pools" . | fromJson).pools -}}
{{- range $part := list "edges" "workers" -}}
{{- $scaling := (get $pool $part).autoscaling -}}
{{- if ne $scaling.type "none" -}}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) -}}{{- $problems = append $problems (printf "Pool %s: %s.autoscaling.minReplicas (%d) is above maxReplicas (%d)." $pool.name $part (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}{{- end -}}
{{- if and (eq $scaling.type "hpa") (not (dig "requests" "cpu" "" (default dict (get $pool $part).resources))) -}}{{- $problems = append $problems (printf "Pool %s: %s.autoscaling.type hpa measures CPU against %s.resources.requests.cpu, which is not set." $pool.name $part $part) -}}{{- end -}}
{{- if and (eq $scaling.type "hpa") (eq $part "workers") (eq $pool.arrangement "split") (eq $pool.placement "together") (not (dig "requests" "cpu" "" (default dict $pool.edges.resources))) -}}{{- $problems = append $problems (printf "Pool %s: workers.autoscaling.type hpa measures CPU of both containers of a pod, so edges.resources.requests.cpu has to be set, too." $pool.name) -}}{{- end -}}
{{- if and (eq $scaling.type "keda") (not $.Values.keda.prometheus.serverAddress) -}}{{- $problems = append $problems (printf "Pool %s: %s.autoscaling.type keda asks Prometheus, so set keda.prometheus.serverAddress." $pool.name $part) -}}{{- end -}}
{{- if and (eq $scaling.type "keda") (not (or $scaling.callsPerSecond $scaling.activeCalls)) -}}{{- $problems = append $problems (printf "Pool %s: %s.autoscaling.type keda needs callsPerSecond or activeCalls for one of them." $pool.name $part) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (eq $pool.edges.kind "DaemonSet") (ne $pool.edges.autoscaling.type "none") -}}{{- $problems = append $problems (printf "Pool %s: a DaemonSet has as many edges as there are nodes; edges.autoscaling does not apply." $pool.name) -}}{{- end -}}
{{- if and (eq (include "tandem.onePod" $pool) "true") (ne $pool.edges.autoscaling.type "none") -}}{{- $problems = append $problems (printf "Pool %s: edge and worker scale together, by workers.autoscaling; leave edges.autoscaling out." $pool.name) -}}{{- end -}}
{{- end -}}
{{- $problems | toJson -}}
{{- end -}}

{{/* The lists of networkPolicies that some policy of these values takes, as JSON; the others may be empty. `nodes` has a sentence of its own. */}}
{{- define "tandem.usedEnds" -}}
{{- $used := list "dns" "apiFrom" "monitoringFrom" -}}
{{- range (include "tandem.pools" . | fromJson).pools -}}{{- if ne .exposure.type "hostNetwork" -}}{{- $used = append $used "peers" -}}{{- end -}}{{- end -}}
{{- if eq .Values.redis.mode "external" -}}{{- $used = append $used "redis.blocks" -}}{{- end -}}
{{- if .Values.controlApi.scaling.enabled -}}{{- $used = append $used "kubernetesApi.blocks" -}}{{- end -}}
{{- with .Values.controller -}}
{{- if or .detailRecords.webhook.url .emergencyRecords.webhook.url .mail.url -}}{{- $used = append $used "webhook" -}}{{- end -}}
{{- end -}}
{{- $used | uniq | toJson -}}
{{- end -}}

{{- define "tandem.validate.network" -}}
{{- $problems := list -}}
{{- if .Values.networkPolicies.enabled -}}
{{- range $pool := (include "tandem.pools" . | fromJson).pools -}}
{{- if and (eq $pool.exposure.type "hostNetwork") (not $.Values.networkPolicies.nodes) -}}
{{- $problems = append $problems (printf "Pool %s has its edges on the nodes' network, where policies know addresses only: set networkPolicies.nodes to the nodes' blocks, so that workers may reach them." $pool.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $policies := .Values.networkPolicies -}}
{{- $ends := dict "nodes" $policies.nodes "peers" $policies.peers "redis.blocks" $policies.redis.blocks "webhook" $policies.webhook "kubernetesApi.blocks" $policies.kubernetesApi.blocks
      "dns" $policies.dns "apiFrom" $policies.apiFrom "monitoringFrom" $policies.monitoringFrom -}}
{{- range $list, $named := $ends -}}
{{- range $named -}}
{{- $block := ternary . (dig "ipBlock" "cidr" "" (ternary dict . (kindIs "string" .))) (kindIs "string" .) -}}
{{- if and $block (not (regexMatch "^[0-9A-Fa-f.:]+/[0-9]{1,3}$" $block)) -}}{{- $problems = append $problems (printf "networkPolicies.%s: %q is not a block such as 192.0.2.0/24 (one address: 192.0.2.7/32)." $list $block) -}}{{- end -}}
{{- end -}}
{{- if and $policies.enabled (not $named) (has $list (include "tandem.usedEnds" $ | fromJsonArray)) -}}{{- $problems = append $problems (printf "networkPolicies.%s is empty, which a NetworkPolicy takes for everybody: name who it is, or \"0.0.0.0/0\" and \"::/0\" where everybody is meant." $list) -}}{{- end -}}
{{- end -}}
{{- if and $policies.enabled .Values.controlApi.ingress.enabled -}}
{{- $named := false -}}
{{- range $policies.apiFrom -}}
{{- if or (kindIs "string" .) (ne (toJson .) "{\"podSelector\":{}}") -}}{{- $named = true -}}{{- end -}}
{{- end -}}
{{- if not $named -}}{{- $problems = append $problems "controlApi.ingress is on, and networkPolicies.apiFrom lets in pods of this namespace only: add those of the ingress controller, such as { namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ingress-nginx } } }; where it runs in this namespace, by a podSelector." -}}{{- end -}}
{{- end -}}
{{- with .Values.controlApi.ingress -}}
{{- if and .enabled (not (and .host .tlsSecretName)) -}}{{- $problems = append $problems "controlApi.ingress needs host and tlsSecretName: API keys do not travel in clear." -}}{{- end -}}
{{- end -}}
{{- if and .Values.controller.emergencyRecords.file (not .Values.controller.detailRecords.file.existingClaim) -}}
{{- $problems = append $problems "controller.emergencyRecords.file lies on the volume of controller.detailRecords.file.existingClaim, which is not set." -}}
{{- end -}}
{{- with .Values.controller.mail -}}
{{- if and .url (not .from) -}}{{- $problems = append $problems "controller.mail.url needs controller.mail.from: the address that notifications come from." -}}{{- end -}}
{{- end -}}
{{- with .Values.capture.server -}}
{{- if not (regexMatch "^.+:[0-9]{1,5}$" .) -}}{{- $problems = append $problems (printf "capture.server: %q is not host:port." .) -}}{{- end -}}
{{- end -}}
{{- with .Values.tests -}}
{{- $listener := include "tandem.testListener" $ | fromJson -}}
{{- if and .enabled .listener (not $listener) -}}{{- $problems = append $problems (printf "tests.listener is %q, which no pool has; write pool/listener." .listener) -}}{{- end -}}
{{- if and .enabled (eq (default "" $listener.transport) "tls") -}}{{- $problems = append $problems (printf "tests.listener %s is a TLS listener, and test calls go over UDP or TCP: name another, or set tests.enabled=false." .listener) -}}{{- end -}}
{{- end -}}
{{- $problems | toJson -}}
{{- end -}}

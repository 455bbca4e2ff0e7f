#pragma once
// Shell scripts in the place of kind, docker and kubectl. What they would have made they keep in files beside
// them; files there, too, make them fail.

#include "tests/sim/stack/support.hpp"

namespace pushsim::kind {

/// A cluster is a folder with its node's id and its kubeconfig.
constexpr const char* kKind = R"(#!/bin/sh
here=${0%/*}
echo "kind $*" >>"$here/calls"
case "$1 $2" in
"get clusters") ls "$here/clusters" ;;
"get kubeconfig") cat "$here/clusters/$4/kubeconfig" ;;
"create cluster")
    name=$4 file=$8
    [ ! -e "$here/another-is-faster" ] || "$here/make" "$name"
    if [ -d "$here/clusters/$name" ]; then
        echo "ERROR: node(s) already exist for a cluster with the name \"$name\"" >&2
        exit 1
    fi
    "$here/make" "$name"
    [ ! -e "$here/create-fails" ] || { echo "ERROR: no room" >&2; exit 1; }
    cp "$here/clusters/$name/kubeconfig" "$file" ;;
"delete cluster") rm -rf "$here/clusters/$4" "$6" ;;
"load docker-image") [ ! -e "$here/load-fails" ] ;;
*) exit 2 ;;
esac
)";
constexpr const char* kMake = R"(#!/bin/sh
here=${0%/*}
mkdir "$here/clusters/$1"
echo "id-$$" >"$here/clusters/$1/id"
echo "    certificate-authority-data: ca-$$" >"$here/clusters/$1/kubeconfig"
)";
constexpr const char* kDocker = R"(#!/bin/sh
here=${0%/*}
echo "docker $*" >>"$here/calls"
case "$1 $2" in
"ps --quiet") [ ! -e "$here/docker-is-silent" ] ;;
"image inspect") [ ! -e "$here/no-image" ] ;;
"container inspect") cat "$here/clusters/${5%-control-plane}/id" ;;
"network inspect") echo 172.18.0.1 ;;
*) exit 2 ;;
esac
)";
constexpr const char* kKubectl = R"(#!/bin/sh
here=${0%/*}
echo "kubectl $*" >>"$here/calls"
[ ! -e "$here/no-api" ] || { echo "connection refused" >&2; exit 1; }
case "$*" in
*"rollout status"*)
    touch "$here/deploying"
    [ ! -e "$here/deploys-for-ever" ] || exec sleep 100 ;;
*"get namespace"*) echo namespace/keylime ;;
*"get deployments"*) cat "$here/servers.json" ;;
*"get pods"*) [ ! -e "$here/pods.json" ] || cat "$here/pods.json" ;;
*"agent show"*) cat "$here/show.json" ;;
esac
)";

inline void write_tools(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder / "clusters");
    stack::test::write_program(folder / "kind", kKind);
    stack::test::write_program(folder / "make", kMake);
    stack::test::write_program(folder / "docker", kDocker);
    stack::test::write_program(folder / "kubectl", kKubectl);
}

}  // namespace pushsim::kind

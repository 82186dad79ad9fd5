// SPDX-License-Identifier: MIT
// Namespace files: ioctl_ns(2), nsfs. What older headers lack is named here.
#pragma once
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

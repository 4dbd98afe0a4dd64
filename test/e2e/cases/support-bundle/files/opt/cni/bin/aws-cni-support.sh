#!/bin/sh
echo the script that was there first

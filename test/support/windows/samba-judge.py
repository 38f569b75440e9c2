"""Samba's own code as a judge: reads one JSON object on standard input, writes its answers.

    dosAttrib   base64 of user.DOSATTRIB       -> {version, flags, attrib, createTime} or null
    makeDos     [version, attrib, createTime]  -> base64 of the value in that version
    descriptors base64 of a descriptor         -> {control, owner, group, dacl, again: base64}
    checks      {descriptor, sids, privileges, desired} -> the granted access, or -1
"""

import base64
import json
import sys

import samba
import samba.security
from samba.dcerpc import security, xattr
from samba.ndr import ndr_pack, ndr_unpack


def read_dos_attrib(value):
    try:
        unpacked = ndr_unpack(xattr.DOSATTRIB, base64.b64decode(value))
    except (RuntimeError, samba.NTSTATUSError):
        return None
    info = unpacked.info
    answer = {"version": unpacked.version, "attrib": info.attrib, "flags": 0x11}
    if hasattr(info, "valid_flags"):
        answer["flags"] = info.valid_flags
    # As text: JSON's numbers end at 2^53.
    answer["createTime"] = str(getattr(info, "create_time", 0))
    return answer


INFO_KINDS = {
    1: xattr.DosInfo1,
    3: xattr.DosInfo3,
    4: xattr.DosInfo4,
    5: xattr.DosInfo5,
    0xFFFF: xattr.DosInfoFFFFCompat,
}


def make_dos_attrib(wanted):
    version, attrib, create_time = wanted
    info = INFO_KINDS[version]()
    info.attrib = attrib
    if hasattr(info, "valid_flags"):
        info.valid_flags = 0x11
    if hasattr(info, "create_time"):
        info.create_time = int(create_time)
    made = xattr.DOSATTRIB()
    made.attrib_hex = "0x%x" % attrib if version <= 3 else ""
    made.version = version
    made.info = info
    return base64.b64encode(ndr_pack(made)).decode()


def read_descriptor(value):
    sd = ndr_unpack(security.descriptor, base64.b64decode(value))
    dacl = None
    if sd.dacl is not None:
        dacl = [[ace.type, ace.flags, ace.access_mask, str(ace.trustee)] for ace in sd.dacl.aces]
    return {
        "control": sd.type,
        "owner": None if sd.owner_sid is None else str(sd.owner_sid),
        "group": None if sd.group_sid is None else str(sd.group_sid),
        "dacl": dacl,
        "again": base64.b64encode(ndr_pack(sd)).decode(),
    }


def check_access(wanted):
    sd = ndr_unpack(security.descriptor, base64.b64decode(wanted["descriptor"]))
    token = security.token()
    sids = [security.dom_sid(sid) for sid in wanted["sids"]]
    token.sids = sids
    token.num_sids = len(sids)
    for privilege in wanted["privileges"]:
        token.set_privilege(getattr(security, privilege))
    try:
        return samba.security.access_check(sd, token, wanted["desired"])
    except samba.NTSTATUSError:
        return -1


def main():
    wanted = json.load(sys.stdin)
    answers = {
        "dosAttrib": [read_dos_attrib(value) for value in wanted["dosAttrib"]],
        "makeDos": [make_dos_attrib(value) for value in wanted["makeDos"]],
        "descriptors": [read_descriptor(value) for value in wanted["descriptors"]],
        "checks": [check_access(value) for value in wanted["checks"]],
    }
    json.dump(answers, sys.stdout)


main()

"""biscuits"""
